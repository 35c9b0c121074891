//! Opens and closes the port of a bridge, at start and as a fault; `listen` handles the connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;

use super::core::{BridgeRuntime, Core};
use super::listen;
use super::tls::Identity;

/// Longest wait for a port to become free.
const PORT_RELEASE_LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct Ports {
    pub(crate) tls: Option<Arc<Identity>>,
    pub(crate) listen: IpAddr,
}

impl Ports {
    /// Opens the port; a reopened bridge gets the same one.
    pub(crate) async fn open(&self, core: &Arc<Core>, bridge: usize, wanted: SocketAddr) -> io::Result<()> {
        let runtime = &core.bridges[bridge];
        if runtime.is_up() {
            return Ok(());
        }
        let listener = bind(address(runtime).unwrap_or(wanted)).await?;
        let running = core.cancel.child_token();
        *runtime.address.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener.local_addr()?);
        *runtime.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running.clone());
        listen::spawn(core, bridge, listener, self.tls.clone(), running)?;
        core.state(|state| state.cdr.feeds[bridge].receivers.wake_senders());
        Ok(())
    }

    pub(crate) async fn reopen(&self, core: &Arc<Core>, bridge: usize) -> io::Result<()> {
        self.open(core, bridge, SocketAddr::new(self.listen, 0)).await
    }
}

/// A port that was just closed becomes free when its task has noticed.
async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let deadline = tokio::time::Instant::now() + PORT_RELEASE_LIMIT;
    loop {
        match TcpListener::bind(address).await {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && tokio::time::Instant::now() < deadline && address.port() != 0 => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bound => return bound,
        }
    }
}

/// Closes the port and cuts open connections.
pub(crate) fn close(core: &Core, bridge: usize) {
    let running = core.bridges[bridge].running.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(running) = running {
        running.cancel();
    }
}

pub(crate) fn address(runtime: &BridgeRuntime) -> Option<SocketAddr> {
    *runtime.address.lock().unwrap_or_else(PoisonError::into_inner)
}
