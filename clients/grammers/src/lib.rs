//! grammers as a judge: a server, and clients that are pointed at it as any user of the library would.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::process::Stdio;
use std::sync::Arc;

use grammers_client::Client;
use grammers_mtsender::{SenderPool, SenderPoolFatHandle, UpdatesConfiguration};
use grammers_session::Session;
use grammers_session::storages::MemorySession;
use grammers_session::types::DcOption;
use grammers_session::updates::UpdatesLike;
use grammers_tl_types as tl;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// Whatever goes wrong.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// `zaun serve --sandbox` on a free port, with the key that the copied crate knows.
pub struct Server {
    process: Child,
    address: SocketAddrV4,
    dc: i32,
}

impl Server {
    /// Starts it.
    pub async fn start() -> Result<Server, Error> {
        let zaun = std::env::var("ZAUN")?;
        let key = std::env::var("ZAUN_JUDGE_KEY")?;
        let mut process = Command::new(zaun)
            .args([
                "serve",
                "--sandbox",
                "--sign-up",
                "--json",
                "--log",
                "warn",
                "--listen",
                "127.0.0.1:0",
                "--key",
                &key,
            ])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().ok_or("no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.ok_or("the server did not start")?;
        let said: serde_json::Value = serde_json::from_str(&line)?;
        let number = |name: &str| said[name].as_u64().ok_or("the announcement has another form");
        let port = u16::try_from(number("port")?)?;
        let dc = i32::try_from(number("dc")?)?;
        Ok(Server { process, address: SocketAddrV4::new(Ipv4Addr::LOCALHOST, port), dc })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address.into()
    }

    /// The data centre that it is.
    pub fn dc(&self) -> i32 {
        self.dc
    }

    /// Ends it.
    pub async fn stop(mut self) -> Result<(), Error> {
        Ok(self.process.kill().await?)
    }
}

/// A client with its updates.
pub struct Judge {
    /// The library's client.
    pub client: Client,
    /// Its updates, before the client takes them.
    pub updates: Option<mpsc::Receiver<UpdatesLike>>,
    handle: SenderPoolFatHandle,
}

impl Judge {
    /// A session whose home is the server, with a key of it or none.
    pub async fn session(server: &Server, key: Option<[u8; 256]>) -> Result<MemorySession, Error> {
        let session = MemorySession::default();
        let v6 = SocketAddrV6::new(server.address.ip().to_ipv6_mapped(), server.address.port(), 0, 0);
        for id in 1..=5 {
            let auth_key = key.filter(|_| id == server.dc);
            let option = DcOption { id, ipv4: server.address, ipv6: v6, auth_key };
            session.set_dc_option(&option).await.map_err(|error| error.to_string())?;
        }
        session.set_home_dc_id(server.dc).await.map_err(|error| error.to_string())?;
        Ok(session)
    }

    /// A client whose home is the server.
    pub async fn new(server: &Server) -> Result<Judge, Error> {
        let session = Judge::session(server, None).await?;
        let SenderPool { runner, updates, handle } = SenderPool::new(Arc::new(session), 1);
        let client = Client::new(handle.clone());
        tokio::spawn(runner.run());
        Ok(Judge { client, updates: Some(updates), handle })
    }

    /// Creates the account of a test phone; the library itself signs nobody up.
    pub async fn sign_up(&self, phone: &str, first_name: &str) -> Result<(), Error> {
        let settings = tl::types::CodeSettings {
            allow_flashcall: false,
            current_number: false,
            allow_app_hash: false,
            allow_missed_call: false,
            allow_firebase: false,
            unknown_number: false,
            logout_tokens: None,
            token: None,
            app_sandbox: None,
        };
        let send = tl::functions::auth::SendCode {
            phone_number: phone.into(),
            api_id: 1,
            api_hash: "hash".into(),
            settings: settings.into(),
        };
        let tl::enums::auth::SentCode::Code(sent) = self.client.invoke(&send).await? else {
            return Err("no code was sent".into());
        };
        let sign_in = tl::functions::auth::SignIn {
            phone_number: phone.into(),
            phone_code_hash: sent.phone_code_hash.clone(),
            phone_code: Some(code_for(phone)),
            email_verification: None,
        };
        self.client.invoke(&sign_in).await?;
        let sign_up = tl::functions::auth::SignUp {
            no_joined_notifications: true,
            phone_number: phone.into(),
            phone_code_hash: sent.phone_code_hash,
            first_name: first_name.into(),
            last_name: String::new(),
        };
        self.client.invoke(&sign_up).await?;
        Ok(())
    }

    /// Logs in as the library does it.
    pub async fn log_in(&self, phone: &str) -> Result<(), Error> {
        let token = self.client.request_login_code(phone, "hash").await?;
        self.client.sign_in(&token, &code_for(phone)).await.map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Updates from now on.
    pub fn configuration() -> UpdatesConfiguration {
        UpdatesConfiguration { catch_up: false }
    }

    /// Disconnects.
    pub fn quit(&self) {
        self.handle.quit();
    }
}

/// The fixed code of a test phone 99966XYYYY: the digit X five times.
fn code_for(phone: &str) -> String {
    phone.chars().nth(5).unwrap_or('0').to_string().repeat(5)
}
