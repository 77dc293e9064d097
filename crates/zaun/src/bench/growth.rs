//! What grows with the data: the same calls of the messenger over small and large databases.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use zaun_messenger::messages::content::{Content, kind};
use zaun_messenger::messages::history::{WHOLE_RANGE, Window};
use zaun_messenger::messages::search::{Filter, Query};
use zaun_messenger::messages::send::Draft;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Actor, Delivery, Messenger, Outlet, Seat, Settings, dialogs::Offset};
use zaun_model::{BoxId, ChannelId, ContentId, MsgId, Peer, Pts, UnixTime, UserId};
use zaun_schema::api::types;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{boxes, contacts, dialogs, users};
use zaun_store::{Store, StoreError, Tx};

use super::target::processor_time;
use super::{BenchArgs, headline};

/// Calls of which the median is taken.
const CALLS: i64 = 61;
/// Rows that one transaction seeds; far below the time that a closure of the store may take.
const SEED_BATCH: i64 = 2_000;
/// Contacts of the account under measurement: not what is measured, so the same everywhere.
const CONTACTS: i64 = 50;
/// A word of every 1,000th message; `message` is in all of them, and `nowhere` in none.
const RARE: &str = "seldom";

/// How much there is.
#[derive(Debug, Clone, Copy)]
struct Size {
    messages: i64,
    dialogs: i64,
    accounts: i64,
}

const SMALL: Size = Size { messages: 1_000, dialogs: 10, accounts: 1_000 };

/// One method and what a call of it cost in each world, in microseconds of processor.
type Row = (&'static str, Vec<f64>);

/// Runs the measurement.
pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    headline(
        "growth: processor time of one call in µs, the median of 61 calls, in process and without network",
    );
    let sizes = [
        SMALL,
        Size { messages: args.history / 10, ..SMALL },
        Size { messages: args.history, ..SMALL },
        Size { dialogs: 5_000, accounts: 6_000, ..SMALL },
        Size { accounts: 100_000, ..SMALL },
    ];
    let mut table: Vec<Row> = Vec::new();
    for size in sizes {
        let begun = Instant::now();
        let world = World::seed(size).await?;
        eprintln!("{size:?} seeded in {:.1} s", begun.elapsed().as_secs_f64());
        for (name, cost) in world.measure().await? {
            match table.iter_mut().find(|(known, _)| *known == name) {
                Some((_, costs)) => costs.push(cost),
                None => table.push((name, vec![cost])),
            }
        }
    }
    print(&table, args.history);
    Ok(())
}

fn print(table: &[Row], history: i64) {
    let titles =
        ["1 k", &short(history / 10), &short(history), "×", "5 k dialogs", "×", "100 k accounts", "×"];
    let line = titles.iter().map(|title| format!("{title:>14}")).collect::<String>();
    println!("  {:<34}{line}", "messages in one chat:");
    for (name, costs) in table {
        let cost = |at: usize| costs.get(at).copied().unwrap_or(f64::NAN);
        let ratio = |at: usize| format!("{:.2}", cost(at) / cost(0));
        let micros = |at: usize| format!("{:.0}", cost(at));
        let cells = [micros(0), micros(1), micros(2), ratio(2), micros(3), ratio(3), micros(4), ratio(4)];
        let line = cells.iter().map(|cell| format!("{cell:>14}")).collect::<String>();
        println!("  {name:<34}{line}");
    }
}

fn short(count: i64) -> String {
    if count >= 1_000_000 { format!("{} M", count / 1_000_000) } else { format!("{} k", count / 1_000) }
}

/// Hears everything and tells nobody.
struct Silence;

impl Outlet for Silence {
    fn deliver(&self, _: Delivery) {}

    fn membership(&self, _: UserId, _: ChannelId, _: Option<Seat>) {}

    fn key_ended(&self, _: i64, _: bool) {}

    fn online(&self, _: UserId, _: Option<UnixTime>) {}
}

/// A messenger over a database of some size. Everybody's first conversation is with the next account.
struct World {
    messenger: Messenger,
    size: Size,
    me: Actor,
    other: Actor,
    _data: tempfile::TempDir,
}

impl World {
    async fn seed(size: Size) -> anyhow::Result<World> {
        let data = tempfile::Builder::new().prefix("zaun-bench-").tempdir()?;
        let durability = zaun_store::Durability::Ephemeral;
        let options = zaun_store::Options { durability, ..zaun_store::Options::default() };
        let store = Store::open(&data.path().join("zaun.db"), &options)?;
        let blobs = zaun_blob::Blobs::open(data.path(), zaun_blob::Durability::Ephemeral)?;
        let settings = Settings { sandbox: true, ..Settings::default() };
        let messenger = Messenger::open(store.clone(), blobs, Arc::new(Silence), [7; 32], settings).await?;
        let now = messenger.now();
        let ids = in_batches(&store, size.accounts, move |tx, n| account(tx, n, now)).await?;
        let actor = |at: usize| -> anyhow::Result<Actor> {
            let user_id = *ids.get(at).context("too few accounts")?;
            Ok(Actor { user_id, key_id: user_id.0, session_id: user_id.0 })
        };
        let world = World { messenger, size, me: actor(0)?, other: actor(1)?, _data: data };
        world.seed_contacts(&store, &ids).await?;
        world.seed_history(&store).await?;
        for partner in ids.iter().skip(2).take(usize::try_from(size.dialogs)?.saturating_sub(1)) {
            world.send(world.me, *partner, partner.0).await?;
        }
        world.messenger.index_messages().await?;
        Ok(world)
    }

    async fn seed_contacts(&self, store: &Store, ids: &[UserId]) -> anyhow::Result<()> {
        let (me, now) = (self.me.user_id, self.messenger.now());
        let chosen: Vec<UserId> = ids.iter().skip(1).take(usize::try_from(CONTACTS)?).copied().collect();
        let put = move |tx: &Tx<'_>| {
            for (owner, user) in chosen.iter().flat_map(|id| [(me, *id), (*id, me)]) {
                contacts::put(
                    tx,
                    &contacts::ContactRow {
                        owner_id: owner,
                        user_id: user,
                        first_name: format!("Contact {}", user.0),
                        last_name: String::new(),
                        phone: String::new(),
                        added_at: now,
                    },
                )?;
            }
            Ok::<_, StoreError>(())
        };
        Ok(store.write(put).await?)
    }

    /// One message through the front door, and as many like it as asked for straight into the tables. One in ten is
    /// by the other side, and one in ten holds a link.
    async fn seed_history(&self, store: &Store) -> anyhow::Result<()> {
        self.send(self.me, self.other.user_id, 1).await?;
        let (me, other, messages) = (self.me.user_id, self.other.user_id, self.size.messages);
        let template = store.read(|tx| contents::find_many(tx, &[contents::highest(tx)?])).await?;
        let template = Arc::new(template.into_iter().next().context("the first message is not there")?);
        store.write(move |tx| forget_first(tx, me, other)).await?;
        let begin = self.messenger.now().0 - messages * 60 - 60;
        in_batches(store, messages, move |tx, n| message(tx, n, begin, (me, other), &template)).await?;
        let (count, top) = (i32::try_from(messages)?, UnixTime(begin + messages * 60));
        let finish = move |tx: &Tx<'_>| {
            for (user, peer) in [(me, other), (other, me)] {
                let row = boxes::find(tx, BoxId::User(user))?;
                let (pts, last_id) = (Pts(Pts::FIRST.0 + count), MsgId(count));
                boxes::save(tx, &boxes::BoxRow { pts, last_id, unread: 0, ..row })?;
                let peer = Peer::User(peer);
                dialogs::ensure(tx, user, peer)?;
                let row = dialogs::DialogRow::empty(user, peer);
                dialogs::save(
                    tx,
                    &dialogs::DialogRow {
                        top_id: last_id,
                        top_date: top,
                        read_inbox: last_id,
                        read_outbox: last_id,
                        messages: count,
                        ..row
                    },
                )?;
                messages::count_media(tx, BoxId::User(user), peer, kind::LINK, messages / 10)?;
            }
            Ok::<_, StoreError>(())
        };
        store.write(finish).await?;
        Ok(())
    }

    async fn send(&self, from: Actor, to: UserId, random_id: i64) -> anyhow::Result<MsgId> {
        let content = Content {
            text: format!("message number {random_id} of the benchmark"),
            message: types::Message::default(),
        };
        let draft = Draft { clear_draft: true, ..Draft::of(random_id, content, None) };
        let sent = self.messenger.send(from, PeerRef::Known(Peer::User(to)), vec![draft]).await?;
        sent.value.first().map(|sent| sent.message.id()).context("nothing was sent")
    }

    async fn measure(&self) -> anyhow::Result<Vec<(&'static str, f64)>> {
        let mut costs = self.measure_pages().await?;
        costs.extend(self.measure_searches().await?);
        costs.extend(self.measure_lists().await?);
        costs.extend(self.measure_changes().await?);
        Ok(costs)
    }

    async fn measure_pages(&self) -> anyhow::Result<Vec<(&'static str, f64)>> {
        let middle = i32::try_from(self.size.messages / 2)?;
        let date = i32::try_from(self.messenger.now().0 - self.size.messages * 30)?;
        let newest = Window {
            offset_id: 0,
            offset_date: 0,
            add_offset: 0,
            limit: 50,
            max_id: 0,
            min_id: 0,
            range: WHOLE_RANGE,
            thread: None,
            saved: None,
        };
        let page = async |window: Window| {
            let page = self.messenger.history(self.me, self.peer(), window).await?;
            anyhow::ensure!(page.messages.len() == 50, "a page of {}", page.messages.len());
            Ok(())
        };
        Ok(vec![
            ("getHistory(50), newest", median(async |_| page(newest).await).await?),
            (
                "getHistory(50), by date",
                median(async |_| page(Window { offset_date: date, ..newest }).await).await?,
            ),
            (
                "getHistory(50), around the middle",
                median(async |_| page(Window { offset_id: middle, add_offset: -25, ..newest }).await).await?,
            ),
        ])
    }

    async fn measure_searches(&self) -> anyhow::Result<Vec<(&'static str, f64)>> {
        let search = async |text: &str, everywhere: bool| {
            let window = Window {
                offset_id: 0,
                offset_date: 0,
                add_offset: 0,
                limit: 20,
                max_id: 0,
                min_id: 0,
                range: WHOLE_RANGE,
                thread: None,
                saved: None,
            };
            let query = Query {
                peer: (!everywhere).then(|| self.peer()),
                text: text.to_owned(),
                from: None,
                filter: Filter::Any,
                min_date: 0,
                max_date: 0,
                thread: None,
                window,
                after: None,
            };
            self.messenger.search(self.me, query).await?;
            Ok(())
        };
        let filters: Vec<Filter> =
            [kind::PHOTO, kind::VIDEO, kind::DOCUMENT, kind::LINK, kind::MUSIC, kind::VOICE]
                .map(|kind| Filter::Kinds(vec![kind]))
                .into();
        let counters = async |_| {
            self.messenger.search_counters(self.me, self.peer(), (None, None), filters.clone()).await?;
            Ok(())
        };
        Ok(vec![
            ("search(20), a word of every message", median(async |_| search("message", false).await).await?),
            ("search(20), one in 1,000", median(async |_| search(RARE, false).await).await?),
            ("search(20), no match", median(async |_| search("nowhere", false).await).await?),
            ("searchGlobal(20), one in 1,000", median(async |_| search(RARE, true).await).await?),
            ("getSearchCounters, 6 filters", median(counters).await?),
        ])
    }

    async fn measure_lists(&self) -> anyhow::Result<Vec<(&'static str, f64)>> {
        let (messenger, me) = (&self.messenger, self.me);
        let dialogs = async |_| {
            messenger.dialogs(me, 0, Offset::default(), false, 100).await?;
            Ok(())
        };
        let pts = messenger.state(me).await?.pts;
        let difference = async |_| {
            messenger.difference(me, Pts(pts.0 - 500), Some(500), None).await?;
            Ok(())
        };
        let state = async |_| {
            messenger.state(me).await?;
            Ok(())
        };
        let contacts = async |_| {
            messenger.contacts(me).await?;
            Ok(())
        };
        let people = async |_| {
            messenger.search_people(me, "name", 50).await?;
            Ok(())
        };
        let profile = async |_| {
            messenger.profile(me, self.peer(), String::new()).await?;
            Ok(())
        };
        Ok(vec![
            ("getDialogs(100), 10 or 100 lines", median(dialogs).await?),
            ("getDifference, 500 events", median(difference).await?),
            ("getState", median(state).await?),
            ("getContacts, 50", median(contacts).await?),
            ("contacts.search(50)", median(people).await?),
            ("getFullUser", median(profile).await?),
        ])
    }

    async fn measure_changes(&self) -> anyhow::Result<Vec<(&'static str, f64)>> {
        let (messenger, me, other) = (&self.messenger, self.me, self.other);
        const FIRST: i64 = 1 << 40;
        let send = async |n: i64| self.send(me, other.user_id, FIRST + n).await.map(drop);
        let sent = median(send).await?;
        let again = median(async |_| self.send(me, other.user_id, FIRST).await.map(drop)).await?;
        let arrive = async |n: i64| self.send(other, me.user_id, FIRST + n).await;
        let read = median_after(arrive, async |id| {
            messenger.read_history(me, self.peer(), id).await?;
            Ok(())
        });
        let read = read.await?;
        let post = async |n: i64| self.send(me, other.user_id, 2 * FIRST + n).await;
        let delete = median_after(post, async |id| {
            messenger.delete_messages(me, vec![id], true).await?;
            Ok(())
        });
        Ok(vec![
            ("sendMessage", sent),
            ("sendMessage, random_id repeated", again),
            ("readHistory, 1 message", read),
            ("deleteMessages, 1 message", delete.await?),
        ])
    }

    fn peer(&self) -> PeerRef {
        PeerRef::Known(Peer::User(self.other.user_id))
    }
}

/// Runs `row` for all numbers below `count`, a transaction for some thousands; returns what it made.
async fn in_batches<T: Send + 'static>(
    store: &Store,
    count: i64,
    row: impl Fn(&Tx<'_>, i64) -> Result<T, StoreError> + Clone + Send + 'static,
) -> anyhow::Result<Vec<T>> {
    let mut made = Vec::new();
    for first in (0..count).step_by(usize::try_from(SEED_BATCH)?) {
        let (row, last) = (row.clone(), count.min(first + SEED_BATCH));
        let batch = move |tx: &Tx<'_>| (first..last).map(|n| row(tx, n)).collect::<Result<Vec<T>, _>>();
        made.extend(store.write(batch).await?);
    }
    Ok(made)
}

fn account(tx: &Tx<'_>, n: i64, now: UnixTime) -> Result<UserId, StoreError> {
    let id = users::insert(tx, &format!("99966{n:07}"), &format!("First {n}"), "Last", 0, now)?;
    boxes::create(tx, BoxId::User(id))?;
    users::claim_username(tx, Peer::User(id), Some(&format!("name{n}")))?;
    Ok(id)
}

/// Takes the message back that served as a pattern.
fn forget_first(tx: &Tx<'_>, me: UserId, other: UserId) -> Result<(), StoreError> {
    for (user, peer) in [(me, other), (other, me)] {
        let row = messages::find(tx, BoxId::User(user), Peer::User(peer), MsgId(1))?;
        if let Some(row) = row {
            messages::delete(tx, &row)?;
            contents::delete(tx, row.content_id)?;
        }
    }
    Ok(())
}

fn message(
    tx: &Tx<'_>,
    n: i64,
    begin: i64,
    (me, other): (UserId, UserId),
    template: &ContentRow,
) -> Result<(), StoreError> {
    let id = MsgId(i32::try_from(n + 1).unwrap_or(i32::MAX));
    let date = UnixTime(begin + n * 60);
    let content_id = ContentId((date.0 * 1_000_000) << 10);
    let author = Peer::User(if n % 10 == 0 { other } else { me });
    let media_kind = if n % 10 == 1 { kind::LINK } else { kind::TEXT };
    let rare = if n % 1_000 == 0 { RARE } else { "often" };
    let copies = [(BoxId::User(me), id), (BoxId::User(other), id)];
    contents::insert(
        tx,
        &ContentRow {
            id: content_id,
            author,
            date,
            media_kind,
            text: format!("message number {n} of the benchmark, {rare} seen"),
            copies: contents::encode_copies(&copies),
            ..template.clone()
        },
    )?;
    for (box_id, peer) in [(BoxId::User(me), other), (BoxId::User(other), me)] {
        messages::insert(
            tx,
            &MessageRow {
                box_id,
                peer: Peer::User(peer),
                id,
                content_id,
                author,
                date,
                pts: Pts(Pts::FIRST.0 + id.0),
                reply_to_id: None,
                media_kind,
                pinned: false,
                media_unread: false,
                thread_id: MsgId(0),
            },
        )?;
    }
    Ok(())
}

/// The median of what calls cost this process, in microseconds of processor; the first few warm up.
async fn median(call: impl AsyncFn(i64) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    median_after(async |n| Ok(n), call).await
}

/// The same with something before each call that is not counted.
async fn median_after<T>(
    before: impl AsyncFn(i64) -> anyhow::Result<T>,
    call: impl AsyncFn(T) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let mut costs = Vec::new();
    for n in 0..CALLS {
        let prepared = before(n).await?;
        let begun = processor_time();
        call(prepared).await?;
        costs.push(processor_time() - begun);
    }
    costs.sort();
    let middle = costs.get(costs.len() / 2).copied().unwrap_or(Duration::ZERO);
    Ok(middle.as_secs_f64() * 1e6)
}
