//! Nothing secret leaves: a login, its codes and tokens, and salts, told by a real server.

use crate::support::{Stream, page_of};
use zaun_console::event::What;
use zaun_schema::api::{enums, functions};
use zaun_testkit::{ApiClient, Conversation, Sandbox, Wire};

const PHONE: &str = "9996620001";
const CODE: &str = "22222";

async fn client(sandbox: &Sandbox) -> ApiClient {
    let key = sandbox.public_key();
    let mut client =
        ApiClient::new(Conversation::begin(sandbox.address(), Wire::default(), &key).await.unwrap());
    client.introduce().await.unwrap();
    client
}

/// Whether a text as a word, or its bytes as hex, are in any line: numbers may well contain the digits of a code.
fn told(stream: &Stream, secret: &[u8]) -> bool {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = String::from_utf8_lossy(secret);
    let mut words = stream.lines.iter().flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()));
    stream.lines.iter().any(|line| line.contains(&hex)) || words.any(|word| word == text)
}

#[tokio::test]
async fn a_login_is_followed_without_its_secrets() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut stream = Stream::open(page_of(sandbox.handle().clone()).await).await;
    let mut first = client(&sandbox).await;
    first.log_in(PHONE).await.unwrap();
    // A second login: the code comes to the first session as a message of the service account, too.
    let mut second = client(&sandbox).await;
    second.log_in(PHONE).await.unwrap();
    let dialogs = functions::messages::GetDialogs {
        offset_peer: enums::InputPeer::InputPeerEmpty,
        limit: 10,
        ..functions::messages::GetDialogs::default()
    };
    let dialogs = first.call(&dialogs).await.unwrap();
    assert!(
        format!("{dialogs:?}").contains(CODE),
        "the client is told the code, so the stream had it to hide"
    );
    let exported = first.call(&functions::auth::ExportAuthorization { dc_id: 2 }).await;
    let packet = stream.answer_to("auth.exportAuthorization").await;
    let exported = match exported {
        Ok(exported) => exported.bytes,
        Err(error) => panic!("{error}"),
    };
    assert!(packet.account.user_id.is_some() || packet.account.phone.is_some());

    let login: Vec<_> = stream.lines.iter().filter(|line| line.contains("auth.signIn")).collect();
    assert!(!login.is_empty() && login.iter().any(|line| line.contains("\"hidden\":true")));
    assert!(stream.lines.iter().any(|line| line.contains(PHONE)), "a phone number is no secret");
    assert!(stream.lines.iter().any(|line| line.contains("777000")), "the service account wrote");
    assert!(!told(&stream, CODE.as_bytes()), "a login code");
    assert!(!told(&stream, b"\x04hash"), "api_hash");
    assert!(!told(&stream, &exported), "an exported authorization");
    for conversation in [&first.conversation, &second.conversation] {
        let salt = conversation.session.salt;
        assert!(!told(&stream, &salt.to_le_bytes()) && !told(&stream, salt.to_string().as_bytes()), "a salt");
        assert!(!told(&stream, format!("{salt:016x}").as_bytes()), "a salt");
        assert!(!told(&stream, conversation.session.key.as_bytes()), "the key");
    }
}

#[tokio::test]
async fn a_refused_salt_is_explained_without_the_salts() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut client = client(&sandbox).await;
    let mut stream = Stream::open(page_of(sandbox.handle().clone()).await).await;
    let right = client.conversation.session.salt;
    client.conversation.session.salt = 0x1234_5678_9abc_def0;
    client.send(&functions::help::GetNearestDc {}).await.unwrap();
    let refused = stream
        .first(|event| if let What::Refused(refused) = &event.what { Some(refused.clone()) } else { None })
        .await;
    assert_eq!(refused.rule.as_deref(), Some("M-246"));
    assert_eq!(refused.reaction, "answered bad_server_salt 48");
    let id = format!("\"msg_id\":\"{}\"", refused.msg_id.unwrap());
    let shown = |line: &String| line.contains("\"received\"") && line.contains(&id);
    assert!(stream.lines.iter().any(shown), "what was refused came before the refusal");
    stream
        .first(|event| match &event.what {
            What::Sent(packet) => packet.messages.iter().any(|m| m.name == "bad_server_salt").then_some(()),
            _ => None,
        })
        .await;
    for salt in [right, 0x1234_5678_9abc_def0] {
        assert!(!told(&stream, &salt.to_le_bytes()) && !told(&stream, format!("{salt:016x}").as_bytes()));
    }
}
