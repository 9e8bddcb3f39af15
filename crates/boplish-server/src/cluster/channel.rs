//! The names of channels.

use boplish_directory::{Channel, ClientId, NodeId};

use super::ClusterName;
use crate::network::NetworkName;

/// The channels of one network, as one server of its cluster knows them.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    prefix: String,
    node: NodeId,
}

impl Channels {
    pub(crate) fn new(cluster: &ClusterName, network: &NetworkName, node: NodeId) -> Self {
        let prefix = format!("{cluster}.{network}.");
        Self { prefix, node }
    }

    /// What the server listens on from the start.
    pub(crate) fn own(&self) -> Vec<String> {
        vec![
            self.name(&Channel::All),
            self.name(&Channel::Node(self.node)),
        ]
    }

    /// The name of a channel.
    pub(crate) fn name(&self, channel: &Channel) -> String {
        let prefix = &self.prefix;
        match channel {
            Channel::All => format!("{prefix}all"),
            Channel::Node(node) => format!("{prefix}node.{node}"),
            Channel::Peer(id) => self.of_peer(id),
        }
    }

    /// The name of a peer's channel. The dots of an id would be separators to NATS, which knows no
    /// empty words; no id has a `%`.
    pub(crate) fn of_peer(&self, id: &ClientId) -> String {
        format!("{}peer.{}", self.prefix, id.as_str().replace('.', "%"))
    }

    /// The channel of this name.
    pub(crate) fn parse(&self, name: &str) -> Option<Channel> {
        match name.strip_prefix(&self.prefix)?.split_once('.') {
            None => (name.len() == self.prefix.len() + 3 && name.ends_with("all"))
                .then_some(Channel::All),
            Some(("node", node)) => {
                let node = NodeId(u64::from_str_radix(node, 16).ok()?);
                (node == self.node).then_some(Channel::Node(node))
            }
            Some(("peer", id)) => ClientId::new(&id.replace('%', ".")).ok().map(Channel::Peer),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_channel_and_to_no_other_networks() {
        let cluster: ClusterName = "test".parse().unwrap();
        let of = |network: &str| Channels::new(&cluster, &network.parse().unwrap(), NodeId(7));
        let (chat, game) = (of("chat"), of("game"));
        for id in ["alice", "a..b.", "~._-"] {
            let channel = Channel::Peer(ClientId::new(id).unwrap());
            let name = chat.name(&channel);
            assert!(!name.contains("..") && !name.ends_with('.'), "{name}");
            assert_eq!(chat.parse(&name), Some(channel));
            assert_eq!(game.parse(&name), None);
        }
        for channel in [Channel::All, Channel::Node(NodeId(7))] {
            assert_eq!(chat.parse(&chat.name(&channel)), Some(channel));
        }
        for name in [
            "test.chat.",
            "test.chat.al",
            "test.chat.node.zz",
            "test.chat.peer.",
            "all",
            "",
        ] {
            assert_eq!(chat.parse(name), None, "{name}");
        }
    }
}
