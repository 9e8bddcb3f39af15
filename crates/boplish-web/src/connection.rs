//! One `RTCPeerConnection` with its data channel.
//!
//! Commands are given to the browser as they come: its chain of operations (WebRTC 1.0, section
//! 4.4.1.2) carries out descriptions and candidates in the order in which they were given.

use std::rc::Weak;

use boplish_core::config::BUFFERED_AMOUNT_LOW;
use boplish_core::io::IceState;
use boplish_core::{ConnectionCommand, ConnectionId, ConnectionInput};
use boplish_wire::bootstrap::IceServer;
use boplish_wire::sdp::{SdpType, candidate_from_sdp, candidate_to_sdp, from_sdp, to_sdp_version};
use boplish_wire::{Candidate, Description};
use js_sys::{Array, ArrayBuffer, Function, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::browser::{DataChannel, Dictionary, Event, Host, Listener, PeerConnection, dictionary};
use crate::shell::Shell;

/// What becomes of a promise, told to the shell with the connection's id.
pub(crate) struct Outcomes {
    /// The local description is set.
    pub(crate) described: Function,
    /// A step has failed.
    pub(crate) failed: Function,
    /// Nobody needs to know.
    pub(crate) ignored: Function,
}

/// A connection; closed, and let go of, when dropped.
pub(crate) struct Connection {
    peer: PeerConnection,
    channel: DataChannel,
    configuration: Dictionary,
    /// The application's ICE servers, which are used besides the bootstrap server's.
    ice_servers: Array,
    outcomes: Outcomes,
    listener: Option<Listener>,
    /// The version in the `o=` line of the next remote description.
    remote_version: u64,
    /// Something was sent since `bufferedAmount` was reported.
    has_sent: bool,
}

impl Connection {
    /// Makes a connection that does nothing yet.
    pub(crate) fn new(
        id: ConnectionId,
        host: &Host,
        ice_servers: &Array,
        servers_told: &Array,
        outcomes: Outcomes,
        shell: Weak<Shell>,
    ) -> Result<Self, JsValue> {
        let configuration = host.configuration();
        configuration.set_ice_servers(&ice_servers.concat(servers_told));
        let peer = PeerConnection::new(&configuration)?;
        let mut connection = Self {
            channel: create_channel(&peer).inspect_err(|_| peer.close())?,
            peer,
            configuration,
            ice_servers: ice_servers.clone(),
            outcomes,
            listener: None,
            remote_version: 2,
            has_sent: false,
        };
        let of_peer: &[&str] = &[
            "icecandidate",
            "iceconnectionstatechange",
            "connectionstatechange",
        ];
        let of_channel: &[&str] = &["open", "message", "close", "bufferedamountlow"];
        let (peer, channel) = (connection.peer.clone(), connection.channel.clone());
        let targets = vec![
            (peer.clone().unchecked_into(), of_peer),
            (channel.clone().unchecked_into(), of_channel),
        ];
        connection.listener = Some(Listener::new(host, targets, move |event| {
            if let (Some(shell), Some(input)) =
                (shell.upgrade(), read_event(&peer, &channel, &event))
            {
                shell.handle_connection(id, input);
            }
        }));
        Ok(connection)
    }

    /// Carries out a command other than `Close`.
    pub(crate) fn carry_out(&mut self, command: ConnectionCommand) -> Result<(), JsValue> {
        match command {
            ConnectionCommand::CreateOffer => self.describe(),
            ConnectionCommand::CreateAnswer { offer }
            | ConnectionCommand::AnswerRestart { offer } => {
                self.accept(&offer, SdpType::Offer)?;
                self.describe()
            }
            ConnectionCommand::AcceptAnswer(answer) => self.accept(&answer, SdpType::Answer),
            ConnectionCommand::AddCandidates(candidates) => candidates
                .iter()
                .try_for_each(|candidate| self.add(candidate)),
            ConnectionCommand::RestartIce => {
                self.peer.restart_ice();
                self.describe()
            }
            ConnectionCommand::Send(bytes) => {
                self.has_sent = true;
                self.channel.send(&bytes)
            }
            ConnectionCommand::Close => Ok(()),
        }
    }

    /// The bootstrap server has named new ICE servers: for the next ICE restart.
    pub(crate) fn set_servers(&self, servers_told: &Array) {
        let all = self.ice_servers.concat(servers_told);
        self.configuration.set_ice_servers(&all);
        // A closed connection needs none.
        let _ = self.peer.set_configuration(&self.configuration);
    }

    /// `bufferedAmount`, if it has not been reported since the last message was sent.
    pub(crate) fn take_buffered_amount(&mut self) -> Option<usize> {
        core::mem::take(&mut self.has_sent).then(|| buffered_amount(&self.channel))
    }

    /// Begins to close: the channel sends what it holds, then its `close` event comes. Whether
    /// there is anything to wait for.
    pub(crate) fn begin_to_close(&self) -> bool {
        let is_open = self.channel.ready_state() == "open";
        if is_open {
            self.channel.close();
        }
        is_open
    }

    /// The local description, as the core wants it.
    pub(crate) fn local_description(&self) -> ConnectionInput {
        let sdp = self
            .peer
            .local_description()
            .map(|description| description.sdp());
        match from_sdp(&sdp.unwrap_or_default()) {
            Ok(description) => ConnectionInput::LocalDescription(description),
            Err(error) => ConnectionInput::Closed {
                reason: format!("the browser's description is of no use: {error}"),
            },
        }
    }

    /// Creates the offer or answer that is due and sets it as local description.
    fn describe(&self) -> Result<(), JsValue> {
        let Outcomes {
            described, failed, ..
        } = &self.outcomes;
        self.peer.set_local_description()?.then(described, failed);
        Ok(())
    }

    fn accept(&mut self, description: &Description, sdp_type: SdpType) -> Result<(), JsValue> {
        let remote = dictionary();
        remote.set_type(match sdp_type {
            SdpType::Offer => "offer",
            SdpType::Answer => "answer",
        });
        remote.set_sdp(&to_sdp_version(description, sdp_type, self.remote_version));
        self.remote_version += 1;
        let Outcomes {
            ignored, failed, ..
        } = &self.outcomes;
        self.peer
            .set_remote_description(&remote)?
            .then(ignored, failed);
        Ok(())
    }

    /// Adds a candidate. The browser may have no use for one; the others may still do.
    fn add(&self, candidate: &Candidate) -> Result<(), JsValue> {
        let remote = dictionary();
        remote.set_candidate(&candidate_to_sdp(candidate, None));
        remote.set_sdp_mid("0");
        let Outcomes { ignored, .. } = &self.outcomes;
        self.peer.add_ice_candidate(&remote)?.then(ignored, ignored);
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.listener = None;
        self.peer.close();
    }
}

fn create_channel(peer: &PeerConnection) -> Result<DataChannel, JsValue> {
    // A channel that needs no negotiation; by default it keeps the order.
    let options = dictionary();
    options.set_negotiated(true);
    options.set_id(0);
    let channel = peer.create_data_channel("boplish", &options)?;
    channel.set_binary_type("arraybuffer");
    channel.set_buffered_amount_low_threshold(BUFFERED_AMOUNT_LOW as f64);
    Ok(channel)
}

fn buffered_amount(channel: &DataChannel) -> usize {
    channel.buffered_amount() as usize
}

fn read_event(
    peer: &PeerConnection,
    channel: &DataChannel,
    event: &Event,
) -> Option<ConnectionInput> {
    let input = match event.kind().as_str() {
        "icecandidate" => match event.candidate() {
            None => ConnectionInput::LocalCandidatesDone,
            // What can't be read, or only ends a generation, is left out.
            Some(candidate) => {
                ConnectionInput::LocalCandidate(candidate_from_sdp(&candidate.candidate()).ok()??)
            }
        },
        "iceconnectionstatechange" => {
            ConnectionInput::Ice(match peer.ice_connection_state().as_str() {
                "connected" | "completed" => IceState::Connected,
                "disconnected" => IceState::Disconnected,
                "failed" => IceState::Failed,
                _ => return None,
            })
        }
        // A failure that is not one of ICE is one of DTLS.
        "connectionstatechange"
            if peer.connection_state() == "failed" && peer.ice_connection_state() != "failed" =>
        {
            ConnectionInput::Closed {
                reason: "DTLS failed".to_owned(),
            }
        }
        "open" => ConnectionInput::Opened,
        "message" => {
            // Peers send bytes; a text is passed on as no bytes at all, which are refused.
            let bytes = event.data().dyn_into::<ArrayBuffer>();
            ConnectionInput::Message(
                bytes.map_or_else(|_| Vec::new(), |buffer| Uint8Array::new(&buffer).to_vec()),
            )
        }
        "bufferedamountlow" => ConnectionInput::BufferedAmount(buffered_amount(channel)),
        "close" => ConnectionInput::Closed {
            reason: "the data channel closed".to_owned(),
        },
        _ => return None,
    };
    Some(input)
}

/// As `RTCConfiguration.iceServers` has them.
pub(crate) fn to_array(servers: &[IceServer]) -> Array {
    let to_object = |server: &IceServer| {
        let object = dictionary();
        object.set_urls(server.urls.clone());
        if let Some(name) = &server.username {
            object.set_username(name);
        }
        if let Some(credential) = &server.credential {
            object.set_credential(credential);
        }
        object
    };
    let array = Array::new();
    for server in servers {
        array.push(&to_object(server));
    }
    array
}
