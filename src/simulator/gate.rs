//! Opens and closes the port of a bridge, at start and as a fault; what is said there is `listen`'s.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;

use super::core::{BridgeShell, Core};
use super::listen;
use super::tls::Identity;

/// How long a port may take to become free.
const FREED: Duration = Duration::from_secs(2);

pub(crate) struct Gates {
    pub(crate) tls: Option<Arc<Identity>>,
    pub(crate) listen: IpAddr,
}

impl Gates {
    /// Opens the port; the next time it is the same one.
    pub(crate) async fn open(&self, core: &Arc<Core>, bridge: usize, wanted: SocketAddr) -> io::Result<()> {
        let shell = &core.bridges[bridge];
        if shell.is_up() {
            return Ok(());
        }
        let listener = bind(address(shell).unwrap_or(wanted)).await?;
        let running = core.cancel.child_token();
        *shell.address.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener.local_addr()?);
        *shell.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running.clone());
        listen::spawn(core, bridge, listener, self.tls.clone(), running)?;
        core.state(|state| state.cdr.feeds[bridge].receivers.wake());
        Ok(())
    }

    pub(crate) async fn reopen(&self, core: &Arc<Core>, bridge: usize) -> io::Result<()> {
        self.open(core, bridge, SocketAddr::new(self.listen, 0)).await
    }
}

/// A port that was closed just now is free as soon as its task has seen it.
async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let deadline = tokio::time::Instant::now() + FREED;
    loop {
        match TcpListener::bind(address).await {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && tokio::time::Instant::now() < deadline && address.port() != 0 => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bound => return bound,
        }
    }
}

/// Closes the port and cuts what is open.
pub(crate) fn close(core: &Core, bridge: usize) {
    let running = core.bridges[bridge].running.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(running) = running {
        running.cancel();
    }
}

pub(crate) fn address(shell: &BridgeShell) -> Option<SocketAddr> {
    *shell.address.lock().unwrap_or_else(PoisonError::into_inner)
}
