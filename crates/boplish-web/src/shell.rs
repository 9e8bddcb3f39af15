//! The loop between the node and the browser.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::time::Duration;

use boplish_core::{
    Config, ConnectionCommand, ConnectionId, ConnectionInput, Input, Node, Output, Time,
};
use boplish_wire::Keypair;
use boplish_wire::bootstrap::SUBPROTOCOL;
use js_sys::{Array, Function};
use litemap::LiteMap;
use wasm_bindgen::prelude::*;

use crate::browser::{
    self, Event, Host, Listener, Step, clear_timeout, describe, performance_now, set_timeout,
};
use crate::connection::{Connection, Outcomes, to_array};
use crate::report;
#[cfg(feature = "store")]
use crate::services::Services;
use crate::signaling::Signaling;

/// How long a closed data channel may take to send what it holds.
const LINGER: f64 = 1000.0;

/// The node, and everything of the browser that it has.
pub(crate) struct Shell {
    this: Weak<Self>,
    host: Host,
    /// Of the WebSocket.
    url: String,
    /// `performance.now()` when the node was made.
    started: f64,
    node: RefCell<Node>,
    outputs: RefCell<VecDeque<Output>>,
    /// `outputs` is being carried out, further up the stack.
    is_carrying: Cell<bool>,
    signaling: RefCell<Option<Signaling>>,
    /// The core wants a WebSocket; the page may still have to find out with which subprotocols.
    is_opening: Cell<bool>,
    connections: RefCell<LiteMap<ConnectionId, Slot>>,
    /// What the bootstrap server has told, as JavaScript objects.
    servers_told: RefCell<Array>,
    timer: RefCell<Option<Timer>>,
    /// Calls `handle_timeout`.
    timeout: Function,
    page: RefCell<Option<Listener>>,
    /// What the drop-in script goes without.
    #[cfg(feature = "store")]
    pub(crate) services: Services,
}

enum Slot {
    /// Its ICE servers are not known yet; the commands wait.
    Preparing(Vec<ConnectionCommand>),
    Running(Connection),
    /// The core has closed it; what it holds may still be sent.
    Closing(#[expect(dead_code, reason = "held until the channel is closed")] Connection),
}

/// The one `setTimeout` that runs.
struct Timer {
    handle: JsValue,
    due: Time,
}

impl Shell {
    /// A shell around a new node.
    pub(crate) fn new(host: Host, base: &str, identity: Keypair) -> Rc<Self> {
        let mut seed = [0; 32];
        browser::fill_with_random(&mut seed);
        let config = Config {
            bootstrap: !base.is_empty(),
            ..Config::default()
        };
        let url = format!("{base}/ws/{}", identity.id());
        #[cfg(feature = "store")]
        let services = Services::new(&identity);
        #[cfg_attr(
            not(feature = "store"),
            expect(unused_mut, reason = "nothing to switch on")
        )]
        let mut node = Node::new(config, identity, seed, Time::START);
        #[cfg(feature = "store")]
        crate::store::enable(&mut node);
        Rc::new_cyclic(|this| Self {
            this: this.clone(),
            timeout: callback(&host, this, |shell, _| shell.handle_timeout()),
            host,
            url,
            started: performance_now(),
            node: RefCell::new(node),
            outputs: RefCell::default(),
            is_carrying: Cell::new(false),
            signaling: RefCell::default(),
            is_opening: Cell::new(false),
            connections: RefCell::default(),
            servers_told: RefCell::default(),
            timer: RefCell::default(),
            page: RefCell::default(),
            #[cfg(feature = "store")]
            services,
        })
    }

    /// Begins to listen to the page, and opens the node.
    pub(crate) fn open(&self) {
        let global = browser::global();
        let of_global: &[&str] = &["online", "pageshow", "pagehide"];
        let mut targets = vec![(global.clone().unchecked_into(), of_global)];
        let document = global.document();
        if let Some(document) = &document {
            let of_document: &[&str] = &["visibilitychange"];
            targets.push((document.clone().unchecked_into(), of_document));
        }
        let this = self.this.clone();
        *self.page.borrow_mut() = Some(Listener::new(&self.host, targets, move |event| {
            if let Some(shell) = this.upgrade() {
                shell.handle_page(&event);
            }
        }));
        if document.is_some_and(|document| document.hidden()) {
            self.handle(Input::Visibility { hidden: true });
        }
        self.with_node(Node::open);
    }

    /// Closes the node, and what it has.
    pub(crate) fn close(&self) {
        let page = self.page.borrow_mut().take();
        drop(page);
        self.with_node(Node::close);
        #[cfg(feature = "store")]
        self.services.tasks.end();
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// For what outlives the call.
    #[cfg(feature = "store")]
    pub(crate) fn upgrade(&self) -> Option<Rc<Self>> {
        self.this.upgrade()
    }

    /// Reads from the node.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Node) -> T) -> T {
        read(&self.node.borrow())
    }

    /// Gives the node a command or a fact, and carries out what follows, unless that is being
    /// done already further up the stack.
    pub(crate) fn with_node<T>(&self, act: impl FnOnce(&mut Node, Time) -> T) -> T {
        let now = self.now();
        let result = act(&mut self.node.borrow_mut(), now);
        self.drain();
        result
    }

    /// Hands a fact to the node.
    pub(crate) fn handle(&self, input: Input) {
        self.with_node(|node, now| node.handle_input(now, input));
    }

    /// Something has happened to a connection.
    pub(crate) fn handle_connection(&self, id: ConnectionId, input: ConnectionInput) {
        let is_running = matches!(
            self.connections.borrow().get(&id),
            Some(Slot::Preparing(_) | Slot::Running(_))
        );
        if is_running {
            self.handle(Input::Connection(id, input));
        } else if matches!(input, ConnectionInput::Closed { .. }) {
            self.release(id);
        }
    }

    /// The WebSocket has closed, or could not be opened.
    pub(crate) fn signaling_closed(&self, reason: String, was_opened: bool) {
        let socket = self.signaling.borrow_mut().take();
        drop(socket);
        if !was_opened {
            self.host.unreachable(&reason);
        }
        self.handle(Input::SignalingClosed { reason });
    }

    pub(crate) fn callback(&self, act: impl Fn(&Self, JsValue) + 'static) -> Function {
        callback(&self.host, &self.this, act)
    }

    fn now(&self) -> Time {
        let milliseconds = (performance_now() - self.started).max(0.0);
        Time::after_start(Duration::from_micros((milliseconds * 1000.0) as u64))
    }

    /// Apart from [`Shell::with_node`], which is made anew for each command.
    fn drain(&self) {
        let mut node = self.node.borrow_mut();
        let outputs = core::iter::from_fn(|| node.poll_output());
        self.outputs.borrow_mut().extend(outputs);
        drop(node);
        self.carry_out();
    }

    pub(crate) fn carry_out(&self) {
        if self.is_carrying.replace(true) {
            return;
        }
        loop {
            let output = self.outputs.borrow_mut().pop_front();
            match output {
                Some(output) => self.carry(output),
                None => {
                    if !self.report_buffered_amounts() && !self.run_tasks() {
                        break;
                    }
                }
            }
        }
        self.is_carrying.set(false);
        self.arm_timer();
    }

    fn carry(&self, output: Output) {
        match output {
            Output::OpenSignaling => {
                self.is_opening.set(true);
                let protocols = self.host.protocols(SUBPROTOCOL);
                if protocols.is_string() {
                    self.open_signaling(&protocols);
                } else {
                    protocols.unchecked_into::<Step>().then(
                        &self.callback(|shell, protocols| shell.open_signaling(&protocols)),
                        &self.callback(|shell, why| {
                            // The core may have changed its mind.
                            if shell.is_opening.take() {
                                shell.signaling_closed(describe(&why), false);
                            }
                        }),
                    );
                }
            }
            Output::SendSignaling(text) => {
                if let Some(socket) = &*self.signaling.borrow() {
                    socket.send(&text);
                }
            }
            Output::CloseSignaling => drop((self.is_opening.take(), self.signaling.take())),
            Output::IceServers(servers) => self.take_servers(to_array(&servers)),
            Output::Connection(id, command) => self.command(id, command),
            #[cfg(feature = "store")]
            Output::Keep { key, bytes } => crate::store::keep(&self.host, key, bytes),
            #[cfg(not(feature = "store"))]
            Output::Keep { .. } => {}
            #[cfg(feature = "store")]
            Output::Content(command) => crate::content::command(&self.host, command),
            #[cfg(not(feature = "store"))]
            Output::Content(_) => {}
            Output::Event(event) => report::event(self, event),
        }
    }

    fn take_servers(&self, told: Array) {
        for (_, slot) in &*self.connections.borrow() {
            if let Slot::Running(connection) = slot {
                connection.set_servers(&told);
            }
        }
        *self.servers_told.borrow_mut() = told;
    }

    fn open_signaling(&self, protocols: &JsValue) {
        // The core may have changed its mind.
        if !self.is_opening.replace(false) {
            return;
        }
        match Signaling::open(&self.host, &self.url, protocols, self.this.clone()) {
            Ok(socket) => drop(self.signaling.replace(Some(socket))),
            Err(reason) => self.signaling_closed(reason, false),
        }
    }

    /// Lets the core's functions go on. Whether that led to more.
    fn run_tasks(&self) -> bool {
        #[cfg(feature = "store")]
        self.services.tasks.poll();
        !self.outputs.borrow().is_empty()
    }

    /// Tells the node how much is buffered where something was sent. Whether that led to more.
    fn report_buffered_amounts(&self) -> bool {
        let mut amounts = Vec::new();
        for (id, slot) in &mut *self.connections.borrow_mut() {
            if let Slot::Running(connection) = slot
                && let Some(amount) = connection.take_buffered_amount()
            {
                amounts.push((*id, ConnectionInput::BufferedAmount(amount)));
            }
        }
        for (id, amount) in amounts {
            self.handle(Input::Connection(id, amount));
        }
        !self.outputs.borrow().is_empty()
    }

    fn command(&self, id: ConnectionId, command: ConnectionCommand) {
        match command {
            ConnectionCommand::CreateOffer | ConnectionCommand::CreateAnswer { .. } => {
                let waiting = Slot::Preparing(vec![command]);
                self.connections.borrow_mut().insert(id, waiting);
                let servers = self.host.ice_servers();
                match servers.dyn_into::<Array>() {
                    Ok(servers) => self.start(id, &servers),
                    Err(promise) => promise.unchecked_into::<Step>().then(
                        &self.callback(move |shell, servers| {
                            shell.start(id, servers.unchecked_ref());
                        }),
                        &self.callback(move |shell, thrown| shell.fail(id, &thrown)),
                    ),
                }
            }
            ConnectionCommand::Close => self.begin_to_close(id),
            ConnectionCommand::AcceptAnswer(_)
            | ConnectionCommand::AddCandidates(_)
            | ConnectionCommand::RestartIce
            | ConnectionCommand::AnswerRestart { .. }
            | ConnectionCommand::Send(_) => {
                let outcome = match self.connections.borrow_mut().get_mut(&id) {
                    Some(Slot::Running(connection)) => connection.carry_out(command),
                    Some(Slot::Preparing(waiting)) => {
                        waiting.push(command);
                        Ok(())
                    }
                    Some(Slot::Closing(_)) | None => Ok(()),
                };
                if let Err(thrown) = outcome {
                    self.fail(id, &thrown);
                }
            }
        }
    }

    /// Makes a connection, now that its ICE servers are known, and catches up with its commands.
    fn start(&self, id: ConnectionId, servers: &Array) {
        let outcomes = Outcomes {
            described: self.callback(move |shell, _| shell.described(id)),
            failed: self.callback(move |shell, thrown| shell.fail(id, &thrown)),
            ignored: self.callback(|_, _| {}),
        };
        let told = self.servers_told.borrow().clone();
        let outcome = {
            let mut connections = self.connections.borrow_mut();
            let Some(Slot::Preparing(waiting)) = connections.get_mut(&id) else {
                return;
            };
            let waiting = core::mem::take(waiting);
            Connection::new(id, &self.host, servers, &told, outcomes, self.this.clone()).and_then(
                |mut connection| {
                    let outcome = waiting
                        .into_iter()
                        .try_for_each(|command| connection.carry_out(command));
                    connections.insert(id, Slot::Running(connection));
                    outcome
                },
            )
        };
        if let Err(thrown) = outcome {
            self.fail(id, &thrown);
        }
    }

    fn fail(&self, id: ConnectionId, thrown: &JsValue) {
        self.handle_connection(
            id,
            ConnectionInput::Closed {
                reason: describe(thrown),
            },
        );
    }

    fn begin_to_close(&self, id: ConnectionId) {
        let slot = self.connections.borrow_mut().remove(&id);
        let Some(Slot::Running(connection)) = slot else {
            return;
        };
        if connection.begin_to_close() {
            self.connections
                .borrow_mut()
                .insert(id, Slot::Closing(connection));
            // The page may forget its peer at once: until then, this keeps the shell.
            if let Some(shell) = self.this.upgrade() {
                let release = browser::callback(&self.host, move |_| shell.release(id));
                set_timeout(&release, LINGER);
            }
        }
    }

    /// Lets go of a connection that the core has closed.
    fn release(&self, id: ConnectionId) {
        let mut connections = self.connections.borrow_mut();
        if let Some(Slot::Closing(_)) = connections.get(&id) {
            connections.remove(&id);
        }
    }

    fn described(&self, id: ConnectionId) {
        let input = match self.connections.borrow().get(&id) {
            Some(Slot::Running(connection)) => connection.local_description(),
            Some(Slot::Preparing(_) | Slot::Closing(_)) | None => return,
        };
        self.handle_connection(id, input);
    }

    fn handle_page(&self, event: &Event) {
        let persisted = event.persisted().unwrap_or(false);
        match event.kind().as_str() {
            "visibilitychange" => {
                let hidden = browser::global()
                    .document()
                    .is_some_and(|page| page.hidden());
                self.handle(Input::Visibility { hidden });
            }
            "online" => self.handle(Input::NetworkChanged),
            // Back out of the back-forward cache: who knows what has happened meanwhile.
            "pageshow" if persisted => self.handle(Input::NetworkChanged),
            // The page ends: tell the others, who would have to wait for the silence otherwise.
            "pagehide" if !persisted => self.close(),
            _ => {}
        }
    }

    /// Has the timer run out when the node wants it. One that is too early does no harm.
    fn arm_timer(&self) {
        let due = self.node.borrow().poll_timeout();
        let mut timer = self.timer.borrow_mut();
        let is_armed = match (&*timer, due) {
            (Some(timer), Some(due)) => timer.due <= due,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_armed {
            return;
        }
        if let Some(timer) = timer.take() {
            clear_timeout(&timer.handle);
        }
        *timer = due.map(|due| {
            let milliseconds = (due - self.now()).as_secs_f64() * 1000.0;
            Timer {
                handle: set_timeout(&self.timeout, milliseconds.ceil()),
                due,
            }
        });
    }

    fn handle_timeout(&self) {
        *self.timer.borrow_mut() = None;
        let due = self.node.borrow().poll_timeout();
        if due.is_some_and(|due| due <= self.now()) {
            #[cfg(feature = "store")]
            self.node
                .borrow_mut()
                .set_unix(self.now(), crate::store::unix());
            self.handle(Input::Timeout);
        } else {
            self.arm_timer();
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            clear_timeout(&timer.handle);
        }
    }
}

/// What timers and promises call. They may do so even when the shell is gone.
fn callback(host: &Host, shell: &Weak<Shell>, act: impl Fn(&Shell, JsValue) + 'static) -> Function {
    let shell = shell.clone();
    browser::callback(host, move |value| {
        if let Some(shell) = shell.upgrade() {
            act(&shell, value);
        }
    })
}
