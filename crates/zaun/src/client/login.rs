//! Logging in at the terminal.

use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use zaun_client::{Client, SignedIn};
use zaun_schema::api::enums;

use super::peers;
use crate::terminal;

/// What was given on the command line.
pub struct Answers {
    pub code: Option<String>,
    pub password: Option<String>,
    pub name: String,
}

pub async fn log_in(client: &Client, phone: &str, answers: Answers) -> anyhow::Result<()> {
    if client.account().is_some() {
        terminal::say("already logged in")?;
        return me(client).await;
    }
    let login = client.send_code(phone).await?;
    let code = match answers.code {
        Some(code) => code,
        None => {
            let question = match login.length {
                Some(length) => format!("Code of {length} digits that {phone} has received: "),
                None => format!("Code that {phone} has received: "),
            };
            ask(question, "give the code with --code").await?
        }
    };
    match client.sign_in(&login, code.trim()).await? {
        SignedIn::Account(_) => {}
        SignedIn::SignUpRequired => {
            client.sign_up(&login, &answers.name, "").await?;
        }
        SignedIn::PasswordNeeded => {
            let password = match answers.password {
                Some(password) => password,
                None => ask_password(client).await?,
            };
            client.check_password(&password).await?;
        }
    }
    me(client).await
}

async fn ask_password(client: &Client) -> anyhow::Result<String> {
    let hint = client.password_hint().await?.map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    let quiet = Quiet::begin();
    let line = ask(format!("Password of the account{hint}: "), "give the password with --password").await?;
    if quiet.is_some() {
        terminal::note("");
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub async fn me(client: &Client) -> anyhow::Result<()> {
    match client.me().await? {
        enums::User::User(user) => {
            let phone = user.phone.as_deref().map(|phone| format!(", +{phone}")).unwrap_or_default();
            let (name, id, dc) = (peers::name(&user), user.id, client.main_dc());
            terminal::say(format_args!("{name} (id {id}{phone}), data centre {dc}"))?;
        }
        enums::User::UserEmpty(user) => terminal::say(format_args!("id {}", user.id))?,
    }
    Ok(())
}

/// A line from the terminal. An interruption is noticed meanwhile.
async fn ask(question: String, otherwise: &str) -> anyhow::Result<String> {
    terminal::ask(question)?;
    let mut line = String::new();
    let reading =
        tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line).map(|read| (read, line)));
    let (read, line) = reading.await??;
    anyhow::ensure!(read > 0, "no answer: {otherwise}");
    Ok(line)
}

/// While it lives, the terminal does not show what is typed.
struct Quiet {
    before: Termios,
}

impl Quiet {
    /// `None` if the answers do not come from a terminal.
    fn begin() -> Option<Quiet> {
        let before = termios::tcgetattr(std::io::stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet).ok()?;
        Some(Quiet { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.before);
    }
}
