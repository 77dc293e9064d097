//! Several DCs in one process (M-440, M-441, M-470 … M-475, M-516).

use std::net::SocketAddr;

use crate::support::*;
use zaun_api::{DcAddress, Options};
use zaun_schema::api::functions;
use zaun_server::{Dc, Listener};
use zaun_testkit::{ApiClient, Sandbox};

/// A sandbox with separate DCs 1, 2 and 4, and test DC 2; the addresses in that order.
async fn cloud() -> (Sandbox, [SocketAddr; 4]) {
    let dcs = [Dc::new(1), Dc::new(2), Dc::new(4), Dc { test: true, ..Dc::new(2) }];
    let mut listeners = Vec::new();
    for dc in dcs {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listeners.push((listener.local_addr().unwrap(), Listener::from(listener).dc(dc), dc));
    }
    let address = |(at, _, dc): &(SocketAddr, Listener, Dc)| DcAddress {
        dc: *dc,
        ip: at.ip(),
        port: at.port(),
        secret: None,
    };
    let addresses: Vec<DcAddress> = listeners.iter().map(address).collect();
    let options = |options| Options { addresses, split: true, files_dc: Some(4), ..options };
    let mut sandbox = Sandbox::with(options, |builder| builder).await.unwrap();
    let places = listeners.iter().map(|(at, ..)| *at).collect::<Vec<_>>().try_into().unwrap();
    listeners.into_iter().for_each(|(_, listener, _)| sandbox.serve(listener));
    (sandbox, places)
}

fn send_code(phone: &str) -> functions::auth::SendCode {
    functions::auth::SendCode {
        phone_number: phone.into(),
        api_id: 1,
        api_hash: "hash".into(),
        ..functions::auth::SendCode::default()
    }
}

#[tokio::test]
async fn m475_the_configuration_tells_the_truth_of_each_cloud() {
    let (_sandbox, [_, two, four, test]) = cloud().await;
    for (address, this_dc, test_mode, ids) in
        [(two, 2, false, vec![1, 2, 4]), (four, 4, false, vec![1, 2, 4]), (test, 2, true, vec![2])]
    {
        let mut client = client(address).await;
        let config = client.call(&functions::help::GetConfig {}).await.unwrap();
        assert_eq!((config.this_dc, config.test_mode), (this_dc, test_mode));
        let options: Vec<i32> = config.dc_options.iter().map(|option| option.id).collect();
        assert_eq!(options, ids);
        assert!(config.dc_options.iter().all(|option| option.this_port_only), "M-037");
        let nearest = client.call(&functions::help::GetNearestDc {}).await.unwrap();
        assert_eq!(nearest.this_dc, this_dc);
    }
}

#[tokio::test]
async fn m440_m441_phones_are_sent_to_their_dc() {
    let (_sandbox, [_, two, four, _]) = cloud().await;
    let mut at_two = client(two).await;
    assert_eq!(text(at_two.call(&send_code("9996640001")).await), "303 NETWORK_MIGRATE_4", "M-441");
    // No such DC: the nearest one is this.
    at_two.call(&send_code("9996630001")).await.unwrap();
    let mut at_four = client(four).await;
    at_four.log_in("9996640001").await.unwrap();
    assert_eq!(text(at_two.call(&send_code("9996640001")).await), "303 PHONE_MIGRATE_4", "M-440");
}

async fn export(from: &mut ApiClient, dc_id: i32) -> (i64, bytes::Bytes) {
    let exported = from.call(&functions::auth::ExportAuthorization { dc_id }).await.unwrap();
    (exported.id, exported.bytes)
}

#[tokio::test]
async fn m470_to_m474_an_authorization_is_carried_to_another_dc_for_files_only() {
    let (_sandbox, [one, two, four, _]) = cloud().await;
    let mut home = client(two).await;
    home.log_in("9996620001").await.unwrap();
    let bad = functions::auth::ExportAuthorization { dc_id: 3 };
    assert_eq!(text(home.call(&bad).await), "400 DC_ID_INVALID", "M-470");

    let (id, bytes) = export(&mut home, 4).await;
    let import = functions::auth::ImportAuthorization { id, bytes };
    let mut wrong = client(one).await;
    assert_eq!(text(wrong.call(&import).await), "400 AUTH_BYTES_INVALID", "M-472: bound to the target");
    let (id, bytes) = export(&mut home, 4).await;
    let import = functions::auth::ImportAuthorization { id, bytes };
    let mut away = client(four).await;
    away.call(&import).await.unwrap();
    assert_eq!(text(client(four).await.call(&import).await), "400 AUTH_BYTES_INVALID", "M-471: once");
    assert_eq!(text(away.call(&functions::updates::GetState {}).await), "303 USER_MIGRATE_2", "M-474");
    // Files are asked for where they are; the location itself does not exist.
    let get = functions::upload::GetFile { limit: 4096, ..functions::upload::GetFile::default() };
    assert_eq!(text(home.call(&get).await), "303 FILE_MIGRATE_4", "M-516");
    assert!(!text(away.call(&get).await).contains("MIGRATE"));
}
