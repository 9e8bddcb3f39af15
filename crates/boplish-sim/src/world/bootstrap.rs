//! How tests set the bootstrap server up and look at it.

use boplish_directory::{Config, Stats};

use super::World;
use crate::peer::PeerHandle;

impl World {
    /// How the bootstrap server behaves when it is started the next time.
    pub fn server_config_mut(&mut self) -> &mut Config {
        &mut self.server.config
    }

    /// Starts the bootstrap server anew, as it is configured now.
    pub fn restart_server(&mut self) {
        self.kill_server();
        self.start_server();
    }

    /// Whether a peer has a WebSocket to the bootstrap server, which it may still be opening.
    pub fn has_socket(&self, peer: PeerHandle) -> bool {
        self.peer(peer).socket.is_some()
    }

    /// What the bootstrap server has counted since its start; `None` while it does not run.
    pub fn server_stats(&self) -> Option<Stats> {
        let directory = self.server.directory.as_ref();
        directory.map(boplish_directory::Directory::stats)
    }
}
