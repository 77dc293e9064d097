//! Our own server keeps every rule that can be tried, and spoiled ones are found out.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zaun_probe::SpawnedServer;
use zaun_server::{MemoryKeys, Router};

use super::*;

async fn server() -> SpawnedServer<Router> {
    SpawnedServer::start(Router::new(), MemoryKeys::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_server_keeps_every_rule() {
    let server = server().await;
    let patient = Patient::new(server.address(), Some(server.public_key()), false);
    let report = examine(&patient, |_| {}).await;
    assert_eq!(report.failures(), [], "{}", report.text());
    let untried: Vec<_> = report.json()["findings"].as_array().unwrap().clone();
    let untried = untried.iter().filter(|f| f["result"] == "not tried").map(|f| f["title"].clone());
    assert_eq!(
        untried.collect::<Vec<_>>(),
        ["gzip_packed inside gzip_packed is refused", "dropping the answer of a running query"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_the_rest_is_not_tried() {
    let server = server().await;
    let report = examine(&Patient::new(server.address(), None, false), |_| {}).await;
    assert_eq!(report.failures(), []);
    let text = report.text();
    assert!(text.contains("needs the server's RSA key") && text.contains("Without --key"), "{text}");
    assert!(text.contains("a product of two primes"), "{text}");
}

/// A relay in front of the server that changes what the server sends.
async fn relay(server: &SpawnedServer<Router>, spoil: fn(&mut [u8])) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, target) = (listener.local_addr().unwrap(), server.address());
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let far = TcpStream::connect(target).await.unwrap();
                let (mut near_read, mut near_write) = near.into_split();
                let (mut far_read, mut far_write) = far.into_split();
                let up = async { drop(tokio::io::copy(&mut near_read, &mut far_write).await) };
                let down = async {
                    let mut buffer = vec![0; 65536];
                    while let Ok(len @ 1..) = far_read.read(&mut buffer).await {
                        spoil(&mut buffer[..len]);
                        if near_write.write_all(&buffer[..len]).await.is_err() {
                            break;
                        }
                    }
                };
                tokio::select! { () = up => {} () = down => {} }
            });
        }
    });
    address
}

/// Makes the checks with these titles only; the titles of those that fail. Rules are not named here, because these
/// tests judge the doctor and not the server.
async fn failures(patient: &Patient, titles: &[&str]) -> Vec<String> {
    let chosen: Vec<_> =
        checks(false).into_iter().filter(|check| titles.contains(&check.title.as_str())).collect();
    assert_eq!(chosen.len(), titles.len(), "a title is misspelt");
    let mut failed = Vec::new();
    for check in chosen {
        if matches!(check.make(patient).await, Err(check::Trouble::Seen(_))) {
            failed.push(check.title);
        }
    }
    failed
}

const SERVER_NONCE: &str = "every run has a server_nonce of its own";

/// A method that nobody should have.
struct Impostor;

impl zaun_tl::Decode for Impostor {
    fn decode(r: &mut zaun_tl::Reader) -> Result<Self, zaun_tl::DecodeError> {
        r.take_u32().map(|_| Impostor)
    }
}

impl zaun_tl::Encode for Impostor {
    fn encode(&self, w: &mut zaun_tl::Writer) {
        w.put_u32(patient::UNKNOWN_METHOD);
    }
}

impl zaun_tl::Function for Impostor {
    const NAME: &'static str = "test.impostor";
    const ID: u32 = patient::UNKNOWN_METHOD;
    type Response = i64;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_an_unknown_method_with_something_is_found_out() {
    let service = Router::new().method(|_, _: Impostor| async { Ok(1_i64) });
    let server = SpawnedServer::start(service, MemoryKeys::default()).await.unwrap();
    let patient = Patient::new(server.address(), Some(server.public_key()), false);
    let wrong = ["gzip_packed is unpacked", "an unknown method is answered"];
    let right = "a ping is answered bare, with its ping_id";
    assert_eq!(failures(&patient, &[wrong[0], wrong[1], right]).await, wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_yes_to_everything_is_found_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let heard = stream.read(&mut [0; 4096]).await;
                let said = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
                heard.and(said)
            });
        }
    });
    let wrong = [
        "a frame may come byte by byte",
        "three frames may come in one piece",
        "a length that four does not divide",
        "a full frame with a wrong checksum",
        "first bytes of no framing",
        "WebSocket: the sub-protocol \"binary\" is agreed to",
        "WebSocket: a stream that is not obfuscated",
        "HTTP: a packet of an unknown key",
        "HTTP: the preflight of a browser to /apiw1",
        "HTTP: a request that does not parse",
    ];
    assert_eq!(failures(&Patient::new(address, None, false), &wrong).await, wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoiled_pq_is_found_out() {
    let server = server().await;
    // In intermediate framing pq lies behind length, envelope, constructor, two nonces and its own length byte.
    let address = relay(&server, |bytes| {
        if bytes.len() == 4 + 20 + 64 {
            bytes[4 + 20 + 4 + 32 + 1 + 7] ^= 1;
        }
    });
    let patient = Patient::new(address.await, None, false);
    let pq = "pq is a product of two primes below 2^63";
    assert_eq!(failures(&patient, &[SERVER_NONCE, pq]).await, [pq]);
}

#[tokio::test(flavor = "multi_thread")]
async fn spoiled_transport_errors_are_found_out() {
    let server = server().await;
    let address = relay(&server, |bytes| {
        if bytes.len() == 8 && bytes[..4] == [4, 0, 0, 0] {
            bytes[4..].copy_from_slice(&(-429_i32).to_le_bytes());
        }
    });
    let patient = Patient::new(address.await, Some(server.public_key()), false);
    let wrong = [
        "after a transport error the connection ends",
        "other functions are refused in plaintext",
        "short inner data is refused",
        "a damaged client_DH_inner_data is refused",
        "a packet of an unknown key is refused",
        "a packet with a broken msg_key is refused",
        "a packet with 4 bytes of padding",
        "a packet with 1028 bytes of padding",
        "a length beyond the packet",
        "a ciphertext of broken blocks",
        "the session outlives a packet that was turned away",
    ];
    assert_eq!(failures(&patient, &[&wrong[..], &[SERVER_NONCE]].concat()).await, wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_nothing_fails_within_the_time_of_a_check() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let patient = Patient::new(listener.local_addr().unwrap(), None, false);
    assert_eq!(failures(&patient, &[SERVER_NONCE]).await, [SERVER_NONCE]);
}

#[test]
fn a_key_file_may_hold_either_half() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.pem");
    let key = zaun_probe::private_key();
    for pem in [key.to_pkcs8_pem().unwrap().to_string(), key.public().to_pkcs1_pem()] {
        std::fs::write(&path, pem).unwrap();
        assert_eq!(crate::keys::load_public(&path).unwrap().fingerprint(), key.public().fingerprint());
    }
    std::fs::write(&path, Bytes::from_static(b"nothing")).unwrap();
    assert!(format!("{:#}", crate::keys::load_public(&path).unwrap_err()).contains("holds no RSA key"));
}
