//! `boplish demo`: a network that lives, for whoever opens the page first.

mod life;
mod rooms;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use boplish_native::core::ContentConfig;
use boplish_native::{Engine, EngineConfig, Peer, PeerConfig};
use boplish_server::{Config, DEFAULT_PORT};
use tokio::time::timeout;

use crate::cli::DemoOptions;
use crate::content::{self, Keepers};
use crate::failure::Failure;
use crate::serve;
use crate::signals::Shutdown;

/// How many native peers there are.
const PEERS: u8 = 8;

/// More than this many peers, each with a link to each, are no demo any more.
const MAX_PEERS: u8 = 64;

/// How long the native peers may take to link with each other.
const LINK_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs until a signal comes.
pub(crate) async fn run(options: DemoOptions) -> Result<(), Failure> {
    let mut shutdown = Shutdown::new()?;
    let count = options.peers.unwrap_or(PEERS);
    if count > MAX_PEERS {
        return Err(Failure::Usage(format!(
            "--peers {count}: at most {MAX_PEERS} are possible"
        )));
    }
    let mut config = Config {
        listen: vec![(Ipv4Addr::LOCALHOST, DEFAULT_PORT).into()],
        site: serve::site(options.site.as_deref()),
        ..Config::default()
    };
    // Each is to have a link to each: a ring is a mesh for certain up to a quarter of its budget.
    let budget = &mut config.network.link_budget;
    *budget = (*budget).max(4 * u16::from(count));
    if !options.listen.is_empty() {
        config.listen = options.listen;
    }
    let server = serve::bind(config).await?;
    let address = reachable(server.local_addr());
    // They hold copies of what visitors publish, until the demo ends.
    let contents = content::scratch()?;
    let peers = start(count.into(), address, contents.path())?;
    let keepers: Vec<Keepers> = peers.iter().map(Keepers::serve).collect();

    let result = tokio::select! {
        result = live(&peers, address, !options.quiet_peers.unwrap_or(false)) => result,
        () = shutdown.wait() => Ok(()),
    };
    drop(keepers);
    let mut leaving = tokio::task::JoinSet::new();
    for peer in peers {
        leaving.spawn(async move { peer.close().await });
    }
    leaving.join_all().await;
    server.shutdown().await;
    result
}

/// Where this machine reaches a server that listens there.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => listening.ip(),
    };
    SocketAddr::new(ip, listening.port())
}

/// The address for a browser. `localhost` is a secure context by its name too, and shorter.
fn page(address: SocketAddr) -> String {
    if address.ip() == Ipv4Addr::LOCALHOST {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

fn start(count: usize, server: SocketAddr, contents: &Path) -> Result<Vec<Peer>, Failure> {
    let engine = Engine::new(&EngineConfig::default())
        .map_err(|error| Failure::runtime("can't start the native peers", error))?;
    let bootstrap: boplish_native::BootstrapUrl = server
        .to_string()
        .parse()
        .map_err(|error| Failure::runtime("can't start the native peers", error))?;
    (0..count)
        .map(|index| {
            let config = PeerConfig {
                bootstrap: Some(bootstrap.clone()),
                content_folder: Some(contents.join(index.to_string())),
                content: ContentConfig {
                    keeps: true,
                    ..ContentConfig::default()
                },
                ..PeerConfig::default()
            };
            Peer::spawn(&engine, config)
                .map_err(|error| Failure::runtime("can't start a native peer", error))
        })
        .collect()
}

/// Waits for the mesh, says where it is, and keeps it alive. Ends only by a failure.
async fn live(peers: &[Peer], address: SocketAddr, lively: bool) -> Result<(), Failure> {
    eprintln!("linking {} native peers with each other", peers.len());
    let others = peers.len().saturating_sub(1);
    let linked = timeout(LINK_TIMEOUT, async {
        for peer in peers {
            peer.connected_to(others).await?;
        }
        Ok::<_, boplish_native::PeerError>(())
    });
    match linked.await {
        Ok(result) => result.map_err(|error| Failure::runtime("a native peer has ended", error))?,
        Err(_) => {
            let links: usize = peers.iter().map(|peer| peer.connected_peers().len()).sum();
            return Err(Failure::Runtime(format!(
                "the native peers have {} of {} links after {} s; --log info says more",
                links / 2,
                peers.len() * others / 2,
                LINK_TIMEOUT.as_secs()
            )));
        }
    }
    if lively {
        life::form_group(peers).await;
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        "{} native peers are in the network; open {}",
        peers.len(),
        page(address)
    )?;
    stdout.flush()?;
    drop(stdout);
    if lively {
        tokio::join!(life::run(peers), rooms::run(peers));
    }
    std::future::pending().await
}
