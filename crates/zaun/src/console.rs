//! The inspector's side of a running server: the control socket, always; the page, if it is asked for.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use tokio::net::{TcpListener, UnixListener};
use zaun_api::Api;
use zaun_console::{Account, AccountFuture, Console, Source};
use zaun_messenger::Messenger;
use zaun_server::Handle;
use zaun_server::inspect::Watch;

/// The name of the control socket in the data directory.
pub const CONTROL: &str = "control.sock";

/// Listeners of the inspector, bound before the server says that it is up.
pub struct Doors {
    control: Option<(UnixListener, PathBuf)>,
    page: Option<TcpListener>,
}

impl Doors {
    /// Opens them. A control socket that cannot be is no reason not to serve; a page that was asked for is.
    pub async fn open(data: &Path, page: Option<SocketAddr>) -> anyhow::Result<Doors> {
        let path = data.join(CONTROL);
        let control = match Console::bind_control(&path).await {
            Ok(listener) => Some((listener, path)),
            Err(error) => {
                tracing::warn!(%error, "no control socket at {}: `zaun inspect` cannot follow", path.display());
                None
            }
        };
        let page = match page {
            Some(address) => {
                let explain = || format!("cannot serve the inspector's page on {address}");
                Some(Console::bind_page(address).await.with_context(explain)?)
            }
            None => None,
        };
        Ok(Doors { control, page })
    }

    /// Where the page is.
    pub fn url(&self) -> Option<String> {
        let address = self.page.as_ref()?.local_addr().ok()?;
        Some(format!("http://{address}/"))
    }

    /// Serves them for ever.
    pub async fn serve(mut self, server: Handle<Api>, messenger: Arc<Messenger>) -> Infallible {
        let console = Console::new(Watched { server, messenger });
        let page = self.page.take();
        let control = self.control.take();
        // The file goes when the server ends.
        let (control, _file) = match control {
            Some((listener, path)) => (Some(listener), Some(ControlFile(path))),
            None => (None, None),
        };
        let page = async {
            if let Some(Err(error)) = optional(page.map(|listener| console.serve_page(listener))).await {
                tracing::error!(%error, "the inspector's page is gone");
            }
        };
        let control = async {
            if let Some(Err(error)) = optional(control.map(|listener| console.serve_control(listener))).await
            {
                tracing::error!(%error, "the control socket is gone");
            }
        };
        tokio::join!(page, control);
        // The server goes on without them.
        std::future::pending().await
    }
}

async fn optional<F: Future>(future: Option<F>) -> Option<F::Output> {
    match future {
        Some(future) => Some(future.await),
        None => None,
    }
}

struct ControlFile(PathBuf);

impl Drop for ControlFile {
    fn drop(&mut self) {
        // In a temporary directory it may be gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The server, and the messenger that knows whose key it is.
struct Watched {
    server: Handle<Api>,
    messenger: Arc<Messenger>,
}

impl Source for Watched {
    fn watch(&self) -> Watch {
        self.server.watch()
    }

    fn account(&self, key_id: i64) -> AccountFuture<'_> {
        Box::pin(async move {
            let permanent = self.server.key(key_id).and_then(|key| key.permanent());
            let key_id = permanent.map_or(key_id, |key| key.id());
            // Storage trouble shows elsewhere; here the account is then not known.
            let known = self.messenger.key_facts(key_id).await.ok().and_then(|known| known.user);
            let Some(user) = known else { return Account::default() };
            Account { user_id: Some(user.id.to_string()), phone: user.phone }
        })
    }
}
