//! Runs chores, two side by side where they do not disturb each other, and says how long each took.
//!
//! `xtask/ceilings.toml` has the seconds that each chore may take on two cores. Above its ceiling a chore is warned of;
//! far above it the whole run fails, so that what makes everybody wait is noticed by whoever brings it.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::process::Command;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Context;

use crate::root;

/// Chores that run at once: most of them wait for a server half of their time.
const AT_ONCE: usize = 2;
/// So many times its ceiling is far above it: no machine that is fit for this work is slower by that.
const FAR: f64 = 3.0;

/// A chore for [`Board::side_by_side`].
pub struct Chore {
    name: String,
    work: Box<dyn FnOnce() -> anyhow::Result<Done> + Send>,
}

impl Chore {
    /// Names work that may run beside other work; it prints nothing by itself.
    pub fn new(
        name: impl Into<String>,
        work: impl FnOnce() -> anyhow::Result<Done> + Send + 'static,
    ) -> Chore {
        Chore { name: name.into(), work: Box::new(work) }
    }

    /// The chore of running one program; what it says is printed when it has ended.
    pub fn command(name: impl Into<String>, mut command: Command) -> Chore {
        Chore::new(name, move || Ok(Done { said: captured(&mut command)?, next: Vec::new() }))
    }
}

/// How a chore ended well.
#[derive(Default)]
pub struct Done {
    /// What is printed.
    pub said: String,
    /// Chores that could not begin before.
    pub next: Vec<Chore>,
}

/// Times of chores and their ceilings.
pub struct Board {
    ceilings: BTreeMap<String, f64>,
    began: Instant,
    problems: Mutex<Vec<String>>,
}

impl Board {
    /// Reads the ceilings.
    pub fn load() -> anyhow::Result<Board> {
        let path = root().join("xtask/ceilings.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let ceilings = toml::from_str(&text).context("xtask/ceilings.toml")?;
        Ok(Board { ceilings, began: Instant::now(), problems: Mutex::default() })
    }

    /// Runs a chore, and prints its time.
    pub fn time<T>(&self, name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let began = Instant::now();
        let result = work().with_context(|| format!("{name} failed"))?;
        let took = began.elapsed().as_secs_f64();
        match self.ceilings.get(name) {
            Some(ceiling) if took > ceiling * FAR => {
                let problem = format!("{name} took {took:.0} s, far above its ceiling of {ceiling:.0} s");
                locked(&self.problems).push(problem);
            }
            Some(ceiling) if took > *ceiling => {
                println!("warning: {name} took {took:.0} s; its ceiling is {ceiling:.0} s");
            }
            Some(_) => {}
            None => locked(&self.problems).push(format!("{name} has no line in xtask/ceilings.toml")),
        }
        println!("==> {name}: {took:.1} s");
        Ok(result)
    }

    /// Runs chores two at a time, those with the highest ceilings first. A failure keeps none of the others from running,
    /// so one run tells all that is wrong; the error names every chore that failed.
    pub fn side_by_side(&self, mut chores: Vec<Chore>) -> anyhow::Result<()> {
        let height = |chore: &Chore| self.ceilings.get(&chore.name).copied().unwrap_or_default();
        chores.sort_by(|one, other| height(other).total_cmp(&height(one)));
        let queue = Mutex::new(Queue { waiting: chores.into(), running: 0, failures: Vec::new() });
        let changed = Condvar::new();
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| self.work_off(&queue, &changed));
            }
        });
        let failures = queue.into_inner().unwrap_or_else(PoisonError::into_inner).failures;
        anyhow::ensure!(failures.is_empty(), "{}", failures.join("\n"));
        Ok(())
    }

    fn work_off(&self, queue: &Mutex<Queue>, changed: &Condvar) {
        while let Some(chore) = next_chore(queue, changed) {
            let work = || (chore.work)().inspect(|done| println!("\n==> {}\n{}", chore.name, done.said));
            let result = self.time(&chore.name, work);
            let mut queue = locked(queue);
            queue.running -= 1;
            match result {
                Ok(done) => queue.waiting.extend(done.next),
                Err(error) => queue.failures.push(format!("{error:#}")),
            }
            changed.notify_all();
        }
    }

    /// Prints the time of all; an error lists what took far too long.
    pub fn finish(&self) -> anyhow::Result<()> {
        println!("\n==> all: {:.1} min", self.began.elapsed().as_secs_f64() / 60.0);
        let problems = locked(&self.problems);
        anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(())
    }
}

struct Queue {
    waiting: VecDeque<Chore>,
    running: usize,
    failures: Vec<String>,
}

/// Takes a chore; waits while a running one may still bring others.
fn next_chore(queue: &Mutex<Queue>, changed: &Condvar) -> Option<Chore> {
    let mut queue = locked(queue);
    loop {
        if let Some(chore) = queue.waiting.pop_front() {
            queue.running += 1;
            return Some(chore);
        }
        if queue.running == 0 {
            return None;
        }
        queue = changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a program to its end and returns what it said; an error has that, too.
pub fn captured(command: &mut Command) -> anyhow::Result<String> {
    let shown = format!("{command:?}");
    let output = command.output().with_context(|| format!("cannot start {shown}"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim_end().to_owned();
    anyhow::ensure!(output.status.success(), "{said}\n{shown} failed ({})", output.status);
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(ceilings: &[(&str, f64)]) -> Board {
        let ceilings = ceilings.iter().map(|(name, seconds)| ((*name).to_owned(), *seconds)).collect();
        Board { ceilings, began: Instant::now(), problems: Mutex::default() }
    }

    #[test]
    fn chores_that_others_bring_are_run_and_every_failure_is_told() {
        let board = board(&[("first", 9.0), ("second", 8.0), ("third", 7.0), ("brought", 1.0)]);
        let fails = |name: &'static str| Chore::new(name, move || anyhow::bail!("no luck with {name}"));
        let first =
            Chore::new("first", move || Ok(Done { said: String::new(), next: vec![fails("brought")] }));
        let third = Chore::new("third", || Ok(Done::default()));
        let error = board.side_by_side(vec![fails("second"), third, first]).unwrap_err().to_string();
        let mut told: Vec<_> = error.lines().collect();
        told.sort_unstable();
        assert_eq!(told, ["brought failed: no luck with brought", "second failed: no luck with second"]);
        assert!(board.finish().is_ok());
    }

    #[test]
    fn chore_without_a_ceiling_is_named() {
        let board = board(&[]);
        board.time("new", || Ok(())).unwrap();
        assert_eq!(board.finish().unwrap_err().to_string(), "new has no line in xtask/ceilings.toml");
    }

    #[test]
    fn chore_far_above_its_ceiling_fails_the_run() {
        let board = board(&[("slow", 0.0)]);
        let work = || {
            std::thread::sleep(std::time::Duration::from_millis(5));
            Ok(())
        };
        board.time("slow", work).unwrap();
        assert!(board.finish().is_err());
    }
}
