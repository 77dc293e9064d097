//! Login codes under attack, over simulated days.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use zaun_blob::{Blobs, Durability};
use zaun_messenger::accounts::{Origin, SignIn};
use zaun_messenger::codes::SentCode;
use zaun_messenger::{Actor, Clock, Error, Event, Messenger, SERVICE_USER, Settings};
use zaun_model::{BoxId, Peer, UnixTime, UserId};
use zaun_store::Store;
use zaun_store::repo::{keys, login_attempts};

use crate::world::Told;

const DAY: i64 = 86_400;
const PHONE: &str = "4915123456789";
const HOME: &str = "198.51.100.7";

/// A server outside the sandbox, with one account that is logged in at [`HOME`], on a clock that stands still.
struct Town {
    messenger: Messenger,
    store: Store,
    told: Arc<Told>,
    clock: Arc<AtomicI64>,
    keys: AtomicI64,
    owner: UserId,
    _dir: tempfile::TempDir,
}

impl Town {
    async fn new() -> Town {
        let dir = tempfile::tempdir().unwrap();
        let options = zaun_store::Options { durability: zaun_store::Durability::Ephemeral, readers: 1 };
        let store = crate::world::open_store(dir.path(), &options);
        let blobs = Blobs::open(dir.path(), Durability::Ephemeral).unwrap();
        let clock = Arc::new(AtomicI64::new(1_800_000_000));
        let read = clock.clone();
        let clock_of_rules = Clock::new(move || read.load(Ordering::Relaxed));
        let settings = Settings { sandbox: false, clock: clock_of_rules, ..Settings::default() };
        let told = Arc::new(Told::default());
        let messenger = Messenger::open(store.clone(), blobs, told.clone(), [3; 32], settings).await.unwrap();
        let keys = AtomicI64::new(1);
        let mut town = Town { messenger, store, told, clock, keys, owner: UserId(0), _dir: dir };
        let (actor, sent) = town.ask(HOME).await.unwrap();
        assert_eq!(sent.length, 6);
        let code = town.code(&sent).await;
        let outcome = town.guess(actor, &sent, &code, HOME).await.unwrap();
        assert_eq!(outcome, SignIn::SignUpRequired);
        let names = ("Alice".to_owned(), String::new());
        let user = town.messenger.sign_up(actor, PHONE, sent.hash, names, origin(HOME)).await.unwrap();
        town.owner = user.id;
        town
    }

    fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Asks for a code on a new key.
    async fn ask(&self, ip: &str) -> Result<(Actor, SentCode), Error> {
        let key_id = self.keys.fetch_add(1, Ordering::Relaxed);
        let secret = [0u8; 256];
        self.store.write(move |tx| keys::insert(tx, key_id, &secret, UnixTime(0), 2)).await?;
        let actor = Actor { user_id: UserId(0), key_id, session_id: key_id };
        Ok((actor, self.messenger.send_code(actor, PHONE, origin(ip)).await?))
    }

    async fn guess(&self, actor: Actor, sent: &SentCode, code: &str, ip: &str) -> Result<SignIn, Error> {
        self.messenger.sign_in(actor, PHONE, sent.hash.clone(), code.to_owned(), origin(ip)).await
    }

    /// The digits that are right, as the store has them.
    async fn code(&self, sent: &SentCode) -> String {
        let hash = sent.hash.clone();
        let row = self.store.read(move |tx| login_attempts::attempt(tx, &hash)).await.unwrap();
        row.expect("an attempt").code
    }

    /// How many messages the account got from the service since the last call.
    fn notices(&self) -> usize {
        let to_owner = |event: &Event| matches!(event, Event::Message(message) if message.row.box_id == BoxId::User(self.owner) && message.row.author == Peer::User(SERVICE_USER));
        self.told.take().iter().filter(|delivery| to_owner(&delivery.event)).count()
    }

    async fn owner_logs_in(&self, ip: &str) {
        let (actor, sent) = self.ask(ip).await.expect("a code for the owner");
        let code = self.code(&sent).await;
        let outcome = self.guess(actor, &sent, &code, ip).await.expect("a login of the owner");
        assert!(matches!(outcome, SignIn::Done(_)), "{outcome:?}");
    }
}

fn origin(ip: &str) -> Origin {
    Origin { ip: ip.to_owned(), ..Origin::default() }
}

fn is(error: &Error, text: &str) -> bool {
    matches!(error, Error::Refused { text: found, .. } if found.starts_with(text))
}

/// Whoever takes over accounts by guessing: asks, guesses, gives up the attempt, and begins anew elsewhere.
struct Attacker {
    addresses: u32,
    attempt: Option<(Actor, SentCode, String)>,
    /// Guesses that were compared with the code.
    guesses: i64,
}

impl Attacker {
    /// Tries as often as it can without the clock going on.
    async fn strike(&mut self, town: &Town, address: Option<&str>) {
        for _ in 0..8 {
            if self.attempt.is_none() {
                self.addresses += 1;
                let own = format!("2001:db8:{:x}:{:x}::1", self.addresses >> 16, self.addresses & 0xffff);
                let ip = address.map_or(own, str::to_owned);
                let Ok((actor, sent)) = town.ask(&ip).await else { return };
                self.attempt = Some((actor, sent, ip));
            }
            let Some((actor, sent, ip)) = &self.attempt else { return };
            match town.guess(*actor, sent, "wrong!", ip).await {
                Ok(SignIn::WrongCode) => {
                    self.guesses += 1;
                    // The counters live on when the attempt is given up.
                    if self.guesses % 2 == 0 {
                        town.messenger.cancel_code(PHONE, sent.hash.clone()).await.unwrap();
                        self.attempt = None;
                    }
                }
                Err(error) if is(&error, "FLOOD_WAIT") => return,
                Err(error) if is(&error, "PHONE_CODE_EXPIRED") => self.attempt = None,
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn guessing_all_day_from_everywhere_has_no_chance_and_the_owner_logs_in() {
    // M-445
    let town = Town::new().await;
    let mut strangers = Attacker { addresses: 0, attempt: None, guesses: 0 };
    let mut neighbour = Attacker { addresses: 0, attempt: None, guesses: 0 };
    let mut notices = 0;
    for second in (0..DAY).step_by(60) {
        strangers.strike(&town, None).await;
        notices += town.notices();
        if second % 7200 == 3600 {
            town.owner_logs_in(HOME).await;
        }
        town.wait(60);
    }
    // Whoever shares the owner's network has as many guesses again, and no more.
    for _ in (0..DAY).step_by(60) {
        neighbour.strike(&town, Some(HOME)).await;
        town.wait(60);
    }
    let (a, b) = (strangers.guesses, neighbour.guesses);
    assert!(a > 5 && b > 5, "the attack was one: {a} and {b} guesses");
    assert!(a + b < 100, "{a} and {b} guesses in a million");
    assert!(notices < 40, "strangers made the server send {notices} notices");
}

#[tokio::test]
async fn asking_again_gives_the_same_code_while_it_lives_and_one_notice() {
    let town = Town::new().await;
    town.told.take();
    let (_, first) = town.ask(HOME).await.unwrap();
    let (_, second) = town.ask(HOME).await.unwrap();
    assert_ne!(first.hash, second.hash);
    assert_eq!(town.code(&first).await, town.code(&second).await);
    assert!(first.to_app);
    assert_eq!(town.notices(), 1);
    town.wait(301);
    let (_, third) = town.ask(HOME).await.unwrap();
    assert_eq!(town.notices(), 1);
    assert_eq!(town.code(&third).await.len(), 6);
}

#[tokio::test]
async fn requests_of_strangers_do_not_use_up_those_of_the_owner() {
    let town = Town::new().await;
    for stranger in 0..50 {
        for _ in 0..5 {
            town.ask(&format!("203.0.113.{stranger}")).await.unwrap();
        }
        let refused = town.ask(&format!("203.0.113.{stranger}")).await.unwrap_err();
        assert!(is(&refused, "FLOOD_WAIT"), "{refused}");
    }
    town.owner_logs_in(HOME).await;
    town.owner_logs_in("192.0.2.1").await;
}

#[tokio::test]
async fn an_ipv6_network_is_one_asker() {
    let town = Town::new().await;
    for host in 0..5 {
        town.ask(&format!("2001:db8:7:7::{host}")).await.unwrap();
    }
    assert!(is(&town.ask("2001:db8:7:7:ffff::1").await.unwrap_err(), "FLOOD_WAIT"));
    town.ask("2001:db8:7:8::1").await.unwrap();
}

#[tokio::test]
async fn the_wait_ends_and_a_quiet_day_forgets() {
    let town = Town::new().await;
    let mut attacker = Attacker { addresses: 0, attempt: None, guesses: 0 };
    attacker.strike(&town, None).await;
    assert_eq!(attacker.guesses, 5, "as many as are free");
    let (actor, sent) = town.ask("192.0.2.1").await.unwrap();
    let code = town.code(&sent).await;
    let refused = town.guess(actor, &sent, &code, "192.0.2.1").await.unwrap_err();
    assert!(is(&refused, "FLOOD_WAIT_60"), "not even the right code is looked at: {refused}");
    town.wait(60);
    assert!(matches!(town.guess(actor, &sent, &code, "192.0.2.1").await, Ok(SignIn::Done(_))));
    attacker.attempt = None;
    attacker.strike(&town, None).await;
    assert_eq!(attacker.guesses, 6, "a login forgets nothing");
    town.wait(DAY);
    attacker.attempt = None;
    attacker.strike(&town, None).await;
    assert_eq!(attacker.guesses, 11);
}

#[tokio::test]
async fn a_code_is_for_its_phone_and_hash_and_serves_once() {
    // M-445, M-446
    let town = Town::new().await;
    let (actor, sent) = town.ask(HOME).await.unwrap();
    let code = town.code(&sent).await;
    let guess = |phone: &'static str, hash: &str| {
        town.messenger.sign_in(actor, phone, hash.to_owned(), code.clone(), origin(HOME))
    };
    assert!(is(&guess("4915100000000", &sent.hash).await.unwrap_err(), "PHONE_CODE_EXPIRED"));
    assert!(is(&guess(PHONE, "0").await.unwrap_err(), "PHONE_CODE_EXPIRED"));
    assert!(matches!(guess(PHONE, &sent.hash).await, Ok(SignIn::Done(_))));
    assert!(is(&guess(PHONE, &sent.hash).await.unwrap_err(), "PHONE_CODE_EXPIRED"));
    let (_, late) = town.ask(HOME).await.unwrap();
    town.wait(300);
    assert!(is(&guess(PHONE, &late.hash).await.unwrap_err(), "PHONE_CODE_EXPIRED"));
}
