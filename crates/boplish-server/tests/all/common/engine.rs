//! A Redis or NATS of a test's own, on a free port of the loopback interface.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use boplish_server::{Config, EngineUrl, Server};
use tokio::net::TcpStream;

use super::{server, soon};

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Redis,
    Nats,
}

/// A running engine; it is killed when this is dropped.
pub(crate) struct Engine {
    kind: Kind,
    address: SocketAddr,
    child: Child,
}

impl Engine {
    pub(crate) async fn start(kind: Kind) -> Self {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let address = free.and_then(|free| free.local_addr());
        let address = address.expect("a port of the loopback interface is free");
        let mut engine = Self {
            kind,
            address,
            child: spawn(kind, address),
        };
        engine.ready().await;
        engine
    }

    pub(crate) fn url(&self) -> EngineUrl {
        let scheme = match self.kind {
            Kind::Redis => "redis",
            Kind::Nats => "nats",
        };
        let url = format!("{scheme}://{}", self.address);
        url.parse().expect("an engine's address")
    }

    async fn ready(&mut self) {
        soon("the engine", async {
            while TcpStream::connect(self.address).await.is_err() {
                let ended = self.child.try_wait().expect("the engine is ours");
                assert_eq!(ended, None, "the engine ended");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the engine is ours");
        self.child.wait().expect("the engine is ours");
    }

    /// Starts it again after [`kill`](Self::kill).
    pub(crate) async fn restart(&mut self) {
        self.child = spawn(self.kind, self.address);
        self.ready().await;
    }

    /// Stops it, or lets it go on: `STOP` or `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.expect("kill is there").success());
    }

    /// A server that is to be one with others.
    pub(crate) async fn server(&self, change: impl FnOnce(&mut Config)) -> Server {
        server(|config| {
            config.cluster.engine = Some(self.url());
            change(config);
        })
        .await
    }

    /// Servers that are one.
    pub(crate) async fn servers(&self, count: usize) -> Vec<Server> {
        let mut servers = Vec::new();
        for _ in 0..count {
            servers.push(self.server(|_| {}).await);
        }
        united(&servers).await;
        servers
    }
}

/// Waits until the servers have found each other.
pub(crate) async fn united(servers: &[Server]) {
    until("the servers are one", async || {
        for server in servers {
            if server.stats().await.other_servers != servers.len() as u64 - 1 {
                return false;
            }
        }
        true
    })
    .await;
}

pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    soon(what, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

fn spawn(kind: Kind, address: SocketAddr) -> Child {
    let port = address.port().to_string();
    let (program, arguments) = match kind {
        Kind::Redis => (
            "redis-server",
            vec![
                "--bind",
                "127.0.0.1",
                "--port",
                &port,
                "--save",
                "",
                "--dir",
                "/tmp",
            ],
        ),
        Kind::Nats => ("nats-server", vec!["-a", "127.0.0.1", "-p", &port]),
    };
    let child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.unwrap_or_else(|error| {
        panic!("{program}: {error}; install the package {program}, as `cargo xtask test` does")
    })
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
