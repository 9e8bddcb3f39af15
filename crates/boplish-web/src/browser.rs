//! What is used of the browser, and of the npm package's `Host`.
//!
//! web-sys is not used: its `RTCPeerConnection` lacks `restartIce` and the `setLocalDescription`
//! without arguments, and its `createDataChannel` and `close` can't fail, which they do.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const HOST: &str = r#"
/** What a peer tells. None of these may throw, but all may call the peer. */
export interface Host {
    /** The STUN and TURN servers for the next connection. The promise must not be rejected. */
    iceServers(): RTCIceServer[] | Promise<RTCIceServer[]>;
    /** The next connection's configuration, but for its servers. */
    configuration(): RTCConfiguration;
    /** The subprotocols for the next WebSocket: this one, and what else it needs. */
    protocols(own: string): string | Promise<string[]>;
    state(state: 'alone' | 'online' | 'degraded' | 'offline'): void;
    server(open: boolean): void;
    /** A WebSocket could not be opened. */
    unreachable(reason: string): void;
    connected(peer: string): void;
    disconnected(peer: string, reason: 'closed' | 'closed-by-peer' | 'silent' | 'failed'): void;
    message(from: string, protocol: string, payload: string | Uint8Array, hops: number, request: bigint | undefined): void;
    delivered(id: bigint): void;
    /** `error` is a code, a colon and a text. */
    undelivered(id: bigint, error: string): void;
    reply(request: bigint, payload: string | Uint8Array): void;
    pong(from: string, milliseconds: number): void;
    topology(from: string, peers: string[], successors: string[], predecessors: string[]): void;
    members(members: string[]): void;
    groupMessage(from: string, payload: string | Uint8Array): void;
    monitor(direction: 'incoming' | 'outgoing' | 'forwarded', type: string, from: string, to: string | undefined, json: string, hops: number, via: string | undefined, passed: string[]): void;
    refused(from: string | undefined, reason: string): void;
    serverError(message: string): void;
    /** The answer to the invitation of a peer, to be brought back there. */
    answer(peer: string, answer: string): void;
    /** No link to a peer has come of an invitation. */
    invitationFailed(peer: string): void;
    /** Wraps what timers, promises and events call: it notices that the module has panicked, which
     * is a trap, and calls nothing after that. */
    guard(callback: (value: any) => void): (value: any) => void;
}
"#;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(typescript_type = "Host")]
    #[derive(Clone)]
    pub type Host;

    #[wasm_bindgen(method, js_name = iceServers)]
    pub(crate) fn ice_servers(this: &Host) -> JsValue;
    #[wasm_bindgen(method)]
    pub(crate) fn configuration(this: &Host) -> Dictionary;
    #[wasm_bindgen(method)]
    pub(crate) fn protocols(this: &Host, own: &str) -> JsValue;
    #[wasm_bindgen(method)]
    pub(crate) fn state(this: &Host, state: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn server(this: &Host, open: bool);
    #[wasm_bindgen(method)]
    pub(crate) fn unreachable(this: &Host, reason: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn connected(this: &Host, peer: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn disconnected(this: &Host, peer: &str, reason: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn message(
        this: &Host,
        from: &str,
        protocol: &str,
        payload: JsValue,
        hops: u8,
        request: Option<u64>,
    );
    #[wasm_bindgen(method)]
    pub(crate) fn delivered(this: &Host, id: u64);
    #[wasm_bindgen(method)]
    pub(crate) fn undelivered(this: &Host, id: u64, error: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn reply(this: &Host, request: u64, payload: JsValue);
    #[wasm_bindgen(method)]
    pub(crate) fn pong(this: &Host, from: &str, milliseconds: f64);
    #[wasm_bindgen(method)]
    pub(crate) fn topology(
        this: &Host,
        from: &str,
        peers: Vec<String>,
        successors: Vec<String>,
        predecessors: Vec<String>,
    );
    #[wasm_bindgen(method)]
    pub(crate) fn members(this: &Host, members: Vec<String>);
    #[wasm_bindgen(method, js_name = groupMessage)]
    pub(crate) fn group_message(this: &Host, from: &str, payload: JsValue);
    #[wasm_bindgen(method)]
    pub(crate) fn monitor(
        this: &Host,
        direction: &str,
        r#type: &str,
        from: &str,
        to: Option<String>,
        json: &str,
        hops: u8,
        via: Option<String>,
        passed: Vec<String>,
    );
    #[wasm_bindgen(method)]
    pub(crate) fn refused(this: &Host, from: Option<String>, reason: &str);
    #[wasm_bindgen(method, js_name = serverError)]
    pub(crate) fn server_error(this: &Host, message: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn answer(this: &Host, peer: &str, answer: &str);
    #[wasm_bindgen(method, js_name = invitationFailed)]
    pub(crate) fn invitation_failed(this: &Host, peer: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn guard(this: &Host, callback: &JsValue) -> Function;
}

// Functions that every environment has.
#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page's start; never goes back.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(crate) fn performance_now() -> f64;
    /// Milliseconds since 1970, UTC.
    #[cfg(feature = "store")]
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    pub(crate) fn date_now() -> f64;
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    pub(crate) fn fill_with_random(bytes: &mut [u8]);
    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;
    #[wasm_bindgen(js_name = String)]
    fn to_text(value: &JsValue) -> String;
    #[wasm_bindgen(js_name = clearTimeout)]
    pub(crate) fn clear_timeout(timer: &JsValue);
}

// Events, and who has them.
#[wasm_bindgen]
extern "C" {
    pub(crate) type Event;
    #[wasm_bindgen(method, getter, js_name = type)]
    pub(crate) fn kind(this: &Event) -> String;
    /// Of `pageshow` and `pagehide`.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn persisted(this: &Event) -> Option<bool>;
    /// Of `message`.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn data(this: &Event) -> JsValue;
    /// Of a WebSocket's `close`.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn code(this: &Event) -> u16;
    /// Of a WebSocket's `close`.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn reason(this: &Event) -> String;
    /// Of `icecandidate`; null at the end.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn candidate(this: &Event) -> Option<IceCandidate>;

    #[derive(Clone)]
    pub(crate) type EventTarget;
    #[wasm_bindgen(method, js_name = addEventListener)]
    pub(crate) fn add_event_listener(this: &EventTarget, kind: &str, listener: &Function);
    #[wasm_bindgen(method, js_name = removeEventListener)]
    pub(crate) fn remove_event_listener(this: &EventTarget, kind: &str, listener: &Function);

    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    pub(crate) type Global;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn document(this: &Global) -> Option<Document>;
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: Global;

    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    pub(crate) type Document;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn hidden(this: &Document) -> bool;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    pub(crate) type WebSocket;
    #[wasm_bindgen(constructor, catch)]
    pub(crate) fn new(url: &str, protocols: &JsValue) -> Result<WebSocket, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn send(this: &WebSocket, text: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &WebSocket);
}

#[wasm_bindgen]
extern "C" {
    /// `RTCConfiguration`, `RTCIceServer`, `RTCSessionDescriptionInit`, `RTCIceCandidateInit` and
    /// `RTCDataChannelInit`: an object with properties.
    pub(crate) type Dictionary;
    #[wasm_bindgen(method, structural, setter, js_name = iceServers)]
    pub(crate) fn set_ice_servers(this: &Dictionary, servers: &Array);
    #[wasm_bindgen(method, structural, setter, js_name = type)]
    pub(crate) fn set_type(this: &Dictionary, r#type: &str);
    #[wasm_bindgen(method, structural, setter)]
    pub(crate) fn set_sdp(this: &Dictionary, sdp: &str);
    #[wasm_bindgen(method, structural, setter)]
    pub(crate) fn set_urls(this: &Dictionary, urls: Vec<String>);
    #[wasm_bindgen(method, structural, setter)]
    pub(crate) fn set_username(this: &Dictionary, name: &str);
    #[wasm_bindgen(method, structural, setter)]
    pub(crate) fn set_credential(this: &Dictionary, credential: &str);
    #[wasm_bindgen(method, structural, setter)]
    pub(crate) fn set_candidate(this: &Dictionary, candidate: &str);
    #[wasm_bindgen(method, structural, setter, js_name = sdpMid)]
    pub(crate) fn set_sdp_mid(this: &Dictionary, mid: &str);
    #[wasm_bindgen(method, structural, setter)]
    pub(crate) fn set_negotiated(this: &Dictionary, is_negotiated: bool);
    #[wasm_bindgen(method, structural, setter)]
    pub(crate) fn set_id(this: &Dictionary, id: u16);

    /// A promise.
    pub(crate) type Step;
    #[wasm_bindgen(method)]
    pub(crate) fn then(this: &Step, resolved: &JsValue, rejected: &JsValue);

    pub(crate) type IceCandidate;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn candidate(this: &IceCandidate) -> String;

    pub(crate) type SessionDescription;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn sdp(this: &SessionDescription) -> String;

    #[wasm_bindgen(extends = EventTarget, js_name = RTCPeerConnection)]
    #[derive(Clone)]
    pub(crate) type PeerConnection;
    #[wasm_bindgen(constructor, catch, js_class = "RTCPeerConnection")]
    pub(crate) fn new(configuration: &Dictionary) -> Result<PeerConnection, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setConfiguration)]
    pub(crate) fn set_configuration(
        this: &PeerConnection,
        configuration: &Dictionary,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = createDataChannel)]
    pub(crate) fn create_data_channel(
        this: &PeerConnection,
        label: &str,
        options: &Dictionary,
    ) -> Result<DataChannel, JsValue>;
    /// Without an argument it creates the offer or answer that is due.
    #[wasm_bindgen(method, catch, js_name = setLocalDescription)]
    pub(crate) fn set_local_description(this: &PeerConnection) -> Result<Step, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setRemoteDescription)]
    pub(crate) fn set_remote_description(
        this: &PeerConnection,
        description: &Dictionary,
    ) -> Result<Step, JsValue>;
    #[wasm_bindgen(method, catch, js_name = addIceCandidate)]
    pub(crate) fn add_ice_candidate(
        this: &PeerConnection,
        candidate: &Dictionary,
    ) -> Result<Step, JsValue>;
    #[wasm_bindgen(method, getter, js_name = localDescription)]
    pub(crate) fn local_description(this: &PeerConnection) -> Option<SessionDescription>;
    #[wasm_bindgen(method, js_name = restartIce)]
    pub(crate) fn restart_ice(this: &PeerConnection);
    #[wasm_bindgen(method, getter, js_name = iceConnectionState)]
    pub(crate) fn ice_connection_state(this: &PeerConnection) -> String;
    #[wasm_bindgen(method, getter, js_name = connectionState)]
    pub(crate) fn connection_state(this: &PeerConnection) -> String;
    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &PeerConnection);

    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    pub(crate) type DataChannel;
    #[wasm_bindgen(method, setter, js_name = binaryType)]
    pub(crate) fn set_binary_type(this: &DataChannel, kind: &str);
    #[wasm_bindgen(method, getter, js_name = readyState)]
    pub(crate) fn ready_state(this: &DataChannel) -> String;
    #[wasm_bindgen(method, getter, js_name = bufferedAmount)]
    pub(crate) fn buffered_amount(this: &DataChannel) -> f64;
    #[wasm_bindgen(method, setter, js_name = bufferedAmountLowThreshold)]
    pub(crate) fn set_buffered_amount_low_threshold(this: &DataChannel, bytes: f64);
    #[wasm_bindgen(method, catch)]
    pub(crate) fn send(this: &DataChannel, bytes: &[u8]) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &DataChannel);
}

/// What was thrown, for people.
pub(crate) fn describe(thrown: &JsValue) -> String {
    to_text(thrown)
}

/// An empty object.
pub(crate) fn dictionary() -> Dictionary {
    js_sys::Object::new().unchecked_into()
}

/// The global object.
pub(crate) fn global() -> Global {
    GLOBAL.with(Clone::clone)
}

/// A function for timers and promises, which may call it for as long as they have it.
pub(crate) fn callback(host: &Host, act: impl Fn(JsValue) + 'static) -> Function {
    host.guard(&Callback::new(act).into_js_value())
}

/// One type for all, since each costs space.
type Callback = Closure<dyn Fn(JsValue)>;

/// A listener of events that listens until it is dropped. It may be dropped while it is called.
pub(crate) struct Listener {
    guarded: Function,
    _callback: Callback,
    targets: Vec<(EventTarget, &'static [&'static str])>,
}

impl Listener {
    /// Calls `handle` for the named events of the targets.
    pub(crate) fn new(
        host: &Host,
        targets: Vec<(EventTarget, &'static [&'static str])>,
        handle: impl Fn(Event) + 'static,
    ) -> Self {
        let callback = Callback::new(move |event: JsValue| handle(event.unchecked_into()));
        let listener = Self {
            guarded: host.guard(callback.as_ref()),
            _callback: callback,
            targets,
        };
        listener.each(EventTarget::add_event_listener);
        listener
    }

    fn each(&self, apply: impl Fn(&EventTarget, &str, &Function)) {
        for (target, kinds) in &self.targets {
            for kind in *kinds {
                apply(target, kind, &self.guarded);
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.each(EventTarget::remove_event_listener);
    }
}
