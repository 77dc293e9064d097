//! Listening sockets.

use std::io;
use std::os::fd::AsFd;

use rustix::net::sockopt;
use tokio::net::{TcpListener, UnixListener};
use zaun_link::Io;

use crate::announce::Ends;
use crate::limits::{KEEP_ALIVE_IDLE, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_PROBES};

/// A listening socket.
#[derive(Debug)]
pub enum ListenSocket {
    /// TCP, of either version of IP.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

impl From<TcpListener> for ListenSocket {
    /// Its connections are kept alive (RFC 9293, section 3.8.4), as far as the system can.
    fn from(listener: TcpListener) -> ListenSocket {
        if let Err(error) = keep_alive(&listener) {
            tracing::warn!("TCP keep-alive is not there: {error}");
        }
        ListenSocket::Tcp(listener)
    }
}

impl From<UnixListener> for ListenSocket {
    fn from(listener: UnixListener) -> ListenSocket {
        ListenSocket::Unix(listener)
    }
}

impl ListenSocket {
    pub(crate) async fn accept(&self) -> io::Result<(Box<dyn Io>, Ends)> {
        match self {
            ListenSocket::Tcp(listener) => {
                let (stream, client) = listener.accept().await?;
                // A failure costs latency only.
                let _ = stream.set_nodelay(true);
                let ends = Ends { client: Some(client), here: stream.local_addr().ok() };
                Ok((Box::new(stream), ends))
            }
            ListenSocket::Unix(listener) => Ok((Box::new(listener.accept().await?.0), Ends::default())),
        }
    }
}

/// Lets the system find out that a client is gone. What is accepted inherits it, so that it costs no connection anything.
fn keep_alive(listener: &impl AsFd) -> io::Result<()> {
    sockopt::set_socket_keepalive(listener, true)?;
    sockopt::set_tcp_keepidle(listener, KEEP_ALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(listener, KEEP_ALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(listener, KEEP_ALIVE_PROBES)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn accepted_connections_are_kept_alive() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let ListenSocket::Tcp(listener) = ListenSocket::from(listener) else { panic!() };
        let _client = TcpStream::connect(at).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        assert!(sockopt::socket_keepalive(&accepted).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&accepted).unwrap(), KEEP_ALIVE_IDLE);
        assert_eq!(sockopt::tcp_keepintvl(&accepted).unwrap(), KEEP_ALIVE_INTERVAL);
        assert_eq!(sockopt::tcp_keepcnt(&accepted).unwrap(), KEEP_ALIVE_PROBES);
    }
}
