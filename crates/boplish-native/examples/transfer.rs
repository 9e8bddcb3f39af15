//! How fast a content comes from one native peer to another, beside the bare WebRTC stack: so many
//! MiB (the first argument, else 64) so many times (the second, else 5), in turn, over loopback. The
//! bare stack is two endpoints of str0m in threads of their own, which send messages of 32 KiB as
//! fast as its default buffer takes them, and throw them away. Peers also read from a disk, hash,
//! verify and write.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use boplish_native::{Engine, EngineConfig, Peer, PeerConfig};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const MIB: usize = 1 << 20;
const MESSAGE: usize = 32 * 1024;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| {
        let argument = arguments.next();
        argument.map_or(Ok(otherwise), |it| it.parse::<usize>())
    };
    let (size, rounds) = (number(64)?, number(5)?);
    let folder = std::env::temp_dir().join(format!("boplish-transfer-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(&folder, size, rounds).await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure(folder: &Path, size: usize, rounds: usize) -> Outcome<()> {
    let engine = Engine::new(&EngineConfig {
        addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
        mdns: false,
        ..EngineConfig::default()
    })?;
    let spawn = |name: &str| {
        let content_folder = Some(folder.join(name));
        let config = PeerConfig {
            content_folder,
            ..PeerConfig::default()
        };
        Peer::spawn(&engine, config)
    };
    let (from, to) = (spawn("from")?, spawn("to")?);
    let accepted = to.accept_invitation(&from.invite().await?).await?;
    from.complete_invitation(&accepted.answer).await?;
    to.connected_to(1).await?;

    let (mut bare, mut peers, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let raw = tokio::task::spawn_blocking(move || bare_transfer(size * MIB)).await??;
        let number = u8::try_from(round % 256)?;
        let mut bytes = vec![number; size * MIB];
        for (index, byte) in bytes.iter_mut().enumerate().step_by(97) {
            *byte ^= (index / 97) as u8;
        }
        let file = folder.join("file");
        std::fs::write(&file, &bytes)?;
        let id = from.add_file(&file, |_| {}).await?;
        let start = Instant::now();
        to.fetch_content(id, None, &[from.id()]).await?;
        let time = start.elapsed();
        let fetched = to.read_content(id, 0, bytes.len()).await?;
        assert!(fetched == bytes, "it is what was published");
        to.remove_content(id).await?;
        from.remove_content(id).await?;
        let rate = |time: Duration| size as f64 / time.as_secs_f64();
        println!(
            "{}: bare {:.1} MiB/s, between peers {:.1} MiB/s, {:.1} %",
            round + 1,
            rate(raw),
            rate(time),
            100.0 * rate(time) / rate(raw)
        );
        bare.push(rate(raw));
        peers.push(rate(time));
        ratios.push(100.0 * rate(time) / rate(raw));
    }
    for (name, unit, values) in [
        ("bare", "MiB/s", &mut bare),
        ("between peers", "MiB/s", &mut peers),
        ("ratio", "%", &mut ratios),
    ] {
        values.sort_by(f64::total_cmp);
        let (least, most) = (values[0], values[values.len() - 1]);
        let median = values[values.len() / 2];
        println!("{name}: median {median:.1} {unit}, from {least:.1} to {most:.1}");
    }
    Ok(())
}

/// An endpoint of the bare stack.
struct Endpoint {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    channel: Option<ChannelId>,
    /// Bytes to be sent, or to come.
    left: usize,
    sends: bool,
}

impl Endpoint {
    fn new(sends: bool, left: usize) -> Outcome<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = socket.local_addr()?;
        let mut rtc = RtcConfig::new().build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp")?);
        Ok(Self {
            rtc,
            socket,
            address,
            channel: None,
            left,
            sends,
        })
    }

    /// Until all is sent, or has come. Returns when the first byte came, or was sent.
    fn run(mut self, done: &std::sync::mpsc::Receiver<()>) -> Outcome<Option<Instant>> {
        let mut buffer = vec![0; 2048];
        let message = vec![7; MESSAGE];
        let mut first = None;
        loop {
            let wait = loop {
                match self.rtc.poll_output()? {
                    Output::Timeout(at) => break at,
                    Output::Transmit(transmit) => {
                        // What a full buffer drops is sent again.
                        let _ = self
                            .socket
                            .send_to(&transmit.contents, transmit.destination);
                    }
                    Output::Event(Event::ChannelOpen(id, _)) => self.channel = Some(id),
                    Output::Event(Event::ChannelData(data)) => {
                        first.get_or_insert_with(Instant::now);
                        self.left = self.left.saturating_sub(data.data.len());
                    }
                    Output::Event(_) => {}
                }
            };
            if !self.sends && self.left == 0 {
                return Ok(first);
            }
            if done.try_recv().is_ok() {
                return Ok(first);
            }
            let channel = self.channel.filter(|_| self.sends && self.left > 0);
            if let Some(mut channel) = channel.and_then(|id| self.rtc.channel(id))
                && channel.write(true, &message).unwrap_or(false)
            {
                self.left = self.left.saturating_sub(MESSAGE);
                continue;
            }
            let wait = wait.saturating_duration_since(Instant::now());
            let wait = wait.clamp(Duration::from_micros(1), Duration::from_millis(50));
            self.socket.set_read_timeout(Some(wait))?;
            let input = match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => Input::Receive(
                    Instant::now(),
                    Receive {
                        proto: Protocol::Udp,
                        source: from,
                        destination: self.address,
                        contents: buffer[..length].try_into()?,
                    },
                ),
                Err(_) => Input::Timeout(Instant::now()),
            };
            self.rtc.handle_input(input)?;
        }
    }
}

/// How long so many bytes take, from the first that comes on.
fn bare_transfer(bytes: usize) -> Outcome<Duration> {
    let (mut from, mut to) = (Endpoint::new(true, bytes)?, Endpoint::new(false, bytes)?);
    let mut change = from.rtc.sdp_api();
    change.add_channel_with_config(ChannelConfig {
        label: "bare".to_owned(),
        ordered: true,
        reliability: Reliability::Reliable,
        negotiated: None,
        protocol: String::new(),
    });
    let (offer, pending) = change.apply().ok_or("there is something to offer")?;
    let answer = to.rtc.sdp_api().accept_offer(offer)?;
    from.rtc.sdp_api().accept_answer(pending, answer)?;
    let (end, ended) = std::sync::mpsc::channel();
    let (_never, receiver) = std::sync::mpsc::channel();
    let sender = thread::spawn(move || from.run(&ended));
    let first = to.run(&receiver)?;
    let time = first.map_or(Duration::ZERO, |first| first.elapsed());
    end.send(())?;
    sender.join().map_err(|_| "the sender has panicked")??;
    Ok(time)
}
