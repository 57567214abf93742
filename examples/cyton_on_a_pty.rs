//! A Cyton that is not there, on a pseudo-terminal, for trying the program without one:
//! `cargo run --example cyton_on_a_pty -- /tmp/cyton [daisy] [off|silent|noise]`, then `--source
//! brainflow:cyton,serial_port=/tmp/cyton`. Lines on standard input change it: `lose 10`, `off`, `on`, `ohm 3 5000`, `rate
//! 125`, `unplug`, `quit`. Speaks the firmware's protocol; its signal is a ramp, and no person's.

#[cfg(target_os = "linux")]
#[path = "../tests/live/brainflow/device/mod.rs"]
mod device;

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use device::{FakeCyton, Presence};
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().ok_or("name a path for the port, as /tmp/cyton")?;
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let presence = match () {
        () if has("off") => Presence::DongleOnly,
        () if has("silent") => Presence::Silent,
        () if has("noise") => Presence::Noise,
        () => Presence::Board,
    };
    let mut cyton = FakeCyton::plug_in_as(std::path::Path::new(path), presence, has("daisy"));
    println!("{path}");
    for line in std::io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["lose", packets] => cyton.lose(packets.parse()?),
            ["off"] => cyton.become_(Presence::DongleOnly),
            ["on"] => cyton.become_(Presence::Board),
            ["rate", hz] => cyton.set_rate_hz(hz.parse()?),
            ["ohm", channel, ohm] => {
                let (channel, ohm): (usize, f64) = (channel.parse()?, ohm.parse()?);
                let at = channel.checked_sub(1).ok_or("channels count from 1")?;
                cyton.board(|board| {
                    if let Some(channel) = board.channels.get_mut(at) {
                        channel.ohm = ohm;
                    }
                });
            }
            ["unplug"] => cyton.unplug(),
            ["heard"] => println!("{}", cyton.heard()),
            ["quit"] => break,
            _ => println!("not understood: {line}"),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("pseudo-terminals are used on Linux only");
}
