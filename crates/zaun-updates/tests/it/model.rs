//! A server with a log, a network that loses, repeats and reorders, and differences cut into slices: what comes out is the
//! log, each entry once and in its order.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use zaun_schema::api::{enums, types};
use zaun_updates::{Event, UpdateHandler, UpdateState};

/// What a step of the world does with the next update.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    /// It arrives after so many others.
    Late(usize),
}

#[derive(Debug, Clone, Copy)]
struct Step {
    /// 0: the account; else a channel.
    place: i64,
    count: i32,
    fate: Fate,
    /// Time until the next.
    pause_ms: u64,
    /// Updates in a slice of a difference.
    slice: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        6 => Just(Fate::Arrives),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Twice),
        2 => (1usize..6).prop_map(Fate::Late),
    ];
    let step = (0i64..3, 1i32..4, fate, 0u64..400, 1usize..5)
        .prop_map(|(place, count, fate, pause_ms, slice)| Step { place, count, fate, pause_ms, slice });
    proptest::collection::vec(step, 1..60)
}

const BEGIN: i32 = 10;

/// A box of the server: its log, as (pts, count).
type Log = Vec<(i32, i32)>;

struct World {
    handler: UpdateHandler,
    logs: BTreeMap<i64, Log>,
    applied: BTreeMap<i64, Vec<i32>>,
    late: Vec<(usize, enums::Update)>,
    now: Duration,
    slice: usize,
}

fn update(place: i64, pts: i32, pts_count: i32) -> enums::Update {
    let messages = vec![pts];
    match place {
        0 => types::UpdateDeleteMessages { messages, pts, pts_count }.into(),
        channel_id => types::UpdateDeleteChannelMessages { channel_id, messages, pts, pts_count }.into(),
    }
}

impl World {
    fn new() -> World {
        let state = UpdateState { pts: BEGIN, qts: 1, seq: 1, date: 1 };
        let mut handler = UpdateHandler::new(Some(state), Duration::ZERO);
        // Both channels are known, at the same number.
        let mut logs = BTreeMap::from([(0, Log::new())]);
        for channel_id in [1, 2] {
            handler.applied_in_channel(Duration::ZERO, channel_id, BEGIN, 0);
            logs.insert(channel_id, Log::new());
        }
        World { handler, logs, applied: BTreeMap::new(), late: Vec::new(), now: Duration::ZERO, slice: 1 }
    }

    fn step(&mut self, step: Step) {
        self.slice = step.slice;
        let log = self.logs.get_mut(&step.place).unwrap();
        let pts = log.last().map_or(BEGIN, |(pts, _)| *pts) + step.count;
        log.push((pts, step.count));
        let new = update(step.place, pts, step.count);
        match step.fate {
            Fate::Arrives => self.arrives(new),
            Fate::Lost => {}
            Fate::Twice => {
                self.arrives(new.clone());
                self.arrives(new);
            }
            Fate::Late(by) => self.late.push((by, new)),
        }
        self.late.iter_mut().for_each(|(by, _)| *by -= 1);
        let (due, late) = std::mem::take(&mut self.late).into_iter().partition(|(by, _)| *by == 0);
        self.late = late;
        due.into_iter().for_each(|(_, update)| self.arrives(update));
        self.pass(Duration::from_millis(step.pause_ms));
    }

    fn arrives(&mut self, update: enums::Update) {
        let short = types::UpdateShort { update, date: 1 };
        self.handler.updates(self.now, short.into(), &|_| true);
        self.serve();
    }

    /// Time passes, and what is due happens.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.handler.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.handler.on_time(self.now);
            self.serve();
        }
        self.now = end;
    }

    /// Applies what may be, and answers what is asked.
    fn serve(&mut self) {
        while let Some(event) = self.handler.next_event() {
            match event {
                Event::Update { update, .. } => match *update {
                    enums::Update::UpdateDeleteMessages(u) => self.applied.entry(0).or_default().push(u.pts),
                    enums::Update::UpdateDeleteChannelMessages(u) => {
                        self.applied.entry(u.channel_id).or_default().push(u.pts);
                    }
                    other => panic!("{other:?}"),
                },
                Event::GetDifference(request) => {
                    let (updates, pts, last) = self.missed(0, request.pts);
                    let state = types::updates::State { pts, qts: 1, seq: 1, date: 1, unread_count: 0 };
                    let answer: enums::updates::Difference = if last {
                        types::updates::Difference { other_updates: updates, state, ..Default::default() }
                            .into()
                    } else {
                        let (other_updates, intermediate_state) = (updates, state);
                        types::updates::DifferenceSlice {
                            other_updates,
                            intermediate_state,
                            ..Default::default()
                        }
                        .into()
                    };
                    self.handler.difference(self.now, answer);
                }
                Event::GetChannelDifference { channel_id, pts, .. } => {
                    let (other_updates, pts, r#final) = self.missed(channel_id, pts);
                    let answer = types::updates::ChannelDifference {
                        r#final,
                        pts,
                        other_updates,
                        ..Default::default()
                    };
                    self.handler.channel_difference(self.now, channel_id, answer.into());
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn missed(&self, place: i64, after: i32) -> (Vec<enums::Update>, i32, bool) {
        let rest: Vec<_> = self.logs[&place].iter().filter(|(pts, _)| *pts > after).collect();
        let part = &rest[..rest.len().min(self.slice)];
        let pts = part.last().map_or(after, |(pts, _)| *pts);
        (part.iter().map(|(pts, count)| update(place, *pts, *count)).collect(), pts, part.len() == rest.len())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_out_is_the_log(steps in steps()) {
        let mut world = World::new();
        world.serve();
        for step in steps {
            world.step(step);
        }
        // The last of a channel may have been lost: only news about it can tell.
        for channel_id in [1, 2] {
            let news = types::UpdateChannelTooLong { channel_id, pts: None };
            world.arrives(news.into());
        }
        world.pass(Duration::from_secs(16 * 60));
        for (place, log) in &world.logs {
            let expected: Vec<i32> = log.iter().map(|(pts, _)| *pts).collect();
            let applied = world.applied.get(place).cloned().unwrap_or_default();
            prop_assert_eq!(applied, expected, "box {}", place);
        }
    }
}
