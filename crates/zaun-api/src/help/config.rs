//! Where the servers are and what the limits are (M-475).

use zaun_messenger::{Error, limits};
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// Seconds a configuration is good for.
const CONFIG_LIFE_S: i64 = 3600;

/// The addresses of the cloud that the client talks to, production or test (M-475).
fn dc_options(call: &Call) -> Vec<enums::DcOption> {
    let options = &call.api.options;
    // One listener plays both clouds.
    let addresses = options.addresses.iter().filter(|a| !options.split || a.dc.test == call.is_test());
    addresses
        .map(|address| types::DcOption {
            ipv6: address.ip.is_ipv6(),
            media_only: address.dc.media_only,
            tcpo_only: address.secret.is_some(),
            r#static: true,
            this_port_only: true,
            id: address.dc.id,
            ip_address: address.ip.to_string(),
            port: i32::from(address.port),
            secret: address.secret.clone().map(Into::into),
            ..types::DcOption::default()
        })
        .collect()
}

/// help.getConfig
pub(crate) async fn get_config(call: Call, _: functions::help::GetConfig) -> Result<enums::Config, Error> {
    let now = call.messenger().now();
    let whole = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
    let count = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
    Ok(types::Config {
        revoke_pm_inbox: true,
        date: now.to_tl(),
        expires: (now + CONFIG_LIFE_S).to_tl(),
        test_mode: call.is_test(),
        this_dc: call.dc(),
        dc_options: dc_options(&call),
        chat_size_max: 200,
        megagroup_size_max: 200_000,
        forwarded_count_max: count(limits::IDS_PER_CALL),
        online_update_period_ms: 210_000,
        offline_blur_timeout_ms: 5_000,
        offline_idle_timeout_ms: 30_000,
        online_cloud_timeout_ms: 300_000,
        notify_cloud_delay_ms: 30_000,
        notify_default_delay_ms: 1_500,
        push_chat_period_ms: 60_000,
        push_chat_limit: 2,
        edit_time_limit: whole(limits::EDIT_TIME_S),
        revoke_time_limit: i32::MAX,
        revoke_pm_time_limit: i32::MAX,
        rating_e_decay: 2_419_200,
        stickers_recent_limit: 200,
        channels_read_media_period: 604_800,
        call_receive_timeout_ms: 20_000,
        call_ring_timeout_ms: 90_000,
        call_connect_timeout_ms: 30_000,
        call_packet_timeout_ms: 10_000,
        me_url_prefix: zaun_messenger::invites::ME_URL_PREFIX.into(),
        caption_length_max: count(limits::CAPTION_LENGTH),
        message_length_max: count(limits::MESSAGE_LENGTH),
        webfile_dc_id: call.dc(),
        // Web K compares it with its own without asking whether it is there.
        suggested_lang_code: Some("en".into()),
        ..types::Config::default()
    })
}

/// help.getNearestDc: the one the client is on, because all of them are in this process.
pub(crate) async fn get_nearest_dc(
    call: Call,
    _: functions::help::GetNearestDc,
) -> Result<enums::NearestDc, Error> {
    let dc = call.dc();
    Ok(types::NearestDc { country: call.api.options.country.clone(), this_dc: dc, nearest_dc: dc })
}

/// help.getCdnConfig: there are no CDN DCs.
pub(crate) async fn get_cdn_config(
    _: Call,
    _: functions::help::GetCdnConfig,
) -> Result<enums::CdnConfig, Error> {
    Ok(types::CdnConfig { public_keys: Vec::new() })
}
