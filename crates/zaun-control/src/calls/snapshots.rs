//! Going back: to the start, or to a moment that was remembered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use zaun_messenger::Error;
use zaun_node::Image;

use crate::faults::Rule;
use crate::fields::Fields;
use crate::limits::{MAX_KEY_CHARS, MAX_SNAPSHOTS};
use crate::{Control, Names, Refusal};

/// A moment.
struct Moment {
    image: Image,
    names: Names,
    faults: Vec<(i64, Rule)>,
}

/// The moments that are remembered. Locked while the sandbox goes back, so that one call does so at a time.
#[derive(Default)]
pub(crate) struct Snapshots {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    start: Option<Arc<Moment>>,
    named: BTreeMap<String, Arc<Moment>>,
}

async fn present(control: &Control) -> Result<Arc<Moment>, Error> {
    let image = control.node().image().await?;
    Ok(Arc::new(Moment { image, names: control.names(), faults: control.faults().list() }))
}

/// Remembers the start.
pub(crate) async fn begin(control: &Control) -> Result<(), Error> {
    let mut kept = control.snapshots().kept.lock().await;
    kept.start = Some(present(control).await?);
    Ok(())
}

impl Kept {
    async fn go_back(&self, control: &Control, moment: &Moment) -> Result<(), Refusal> {
        let all: Vec<&Image> =
            self.start.iter().chain(self.named.values()).map(|moment| &moment.image).collect();
        control.node().restore(&moment.image, &all).await?;
        control.set_names(&moment.names);
        control.faults().put_back(&moment.faults);
        Ok(())
    }
}

/// Does something as a whole: when it fails, everything is put back. Over PostgreSQL what was done stays.
pub(super) async fn all_or_nothing<T>(
    control: &Control,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let kept = control.snapshots().kept.lock().await;
    let before = present(control).await.ok();
    let done = work.await;
    if done.is_err()
        && let Some(before) = before
    {
        kept.go_back(control, &before).await?;
    }
    done
}

/// Puts everything back to the start.
pub(crate) async fn reset(control: &Control, fields: Fields) -> Result<Value, Refusal> {
    fields.end()?;
    let kept = control.snapshots().kept.lock().await;
    let start = kept.start.clone();
    let start = start.ok_or_else(|| Refusal::new(501, "only a sandbox over SQLite can be reset"))?;
    kept.go_back(control, &start).await?;
    Ok(json!({}))
}

fn name_of(fields: &mut Fields) -> Result<String, Refusal> {
    let name = fields.text("name")?;
    if name.is_empty() || name.chars().count() > MAX_KEY_CHARS {
        return Err(fields.wrong("name", format!("a name has 1 to {MAX_KEY_CHARS} characters")));
    }
    Ok(name)
}

/// Remembers everything as it is now, under a name; an older snapshot of this name goes.
pub(crate) async fn snapshot(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let name = name_of(&mut fields)?;
    let place = fields.clone();
    fields.end()?;
    let mut kept = control.snapshots().kept.lock().await;
    if kept.start.is_none() {
        return Err(Refusal::new(501, "there are snapshots only of a sandbox over SQLite"));
    }
    if kept.named.len() >= MAX_SNAPSHOTS && !kept.named.contains_key(&name) {
        return Err(place.wrong("name", format!("there are {MAX_SNAPSHOTS} snapshots already")));
    }
    kept.named.insert(name, present(control).await?);
    Ok(json!({}))
}

/// Puts everything back to a snapshot.
pub(crate) async fn restore(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let name = name_of(&mut fields)?;
    let place = fields.clone();
    fields.end()?;
    let kept = control.snapshots().kept.lock().await;
    let moment = kept.named.get(&name).cloned();
    let moment = moment.ok_or_else(|| place.wrong("name", "there is no snapshot of this name"))?;
    kept.go_back(control, &moment).await?;
    Ok(json!({}))
}
