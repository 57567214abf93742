//! Serial ports: what is plugged in where, and why one does not answer.
//!
//! Takes what the system lists; gives each port with the USB device behind it and the boards that come with such a dongle.
//! Listing opens nothing: opening a port raises its lines, and some boards begin anew then. [`why_silent`] is asked after
//! BrainFlow has failed, and may. Sources of the USB numbers: OpenBCI's documentation (FTDI FT231X, BLED112), usb.ids.

use std::path::{Path, PathBuf};

use super::listen;

/// Where Linux describes serial devices.
const TTY_CLASS: &str = "/sys/class/tty";

/// Folders above a port's device in which its USB device is looked for.
const MAX_PARENTS: usize = 6;

/// USB devices that carry boards: vendor and product, and the boards by BrainFlow's names, the likeliest first.
const DONGLES: [((u16, u16), &[&str]); 4] = [
    ((0x0403, 0x6015), &["cyton", "cyton_daisy"]),
    ((0x0403, 0x6001), &["cyton", "cyton_daisy"]),
    ((0x2458, 0x0001), &["ganglion"]),
    ((0x0483, 0x5740), &["freeeeg32"]),
];

/// A USB device.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Usb {
    /// Number of the vendor.
    pub vendor: u16,
    /// The vendor's number for it.
    pub product: u16,
    /// What it calls itself, with its maker.
    pub name: String,
}

/// A serial port that is there now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SerialPort {
    /// Name to give as `serial_port`.
    pub path: String,
    /// What the system says is plugged in there, where it says so.
    pub device: Option<String>,
    /// The USB device, where there is one that is described.
    pub usb: Option<Usb>,
    /// Boards that come with such a device, by BrainFlow's names; empty where nothing is known.
    pub boards: Vec<&'static str>,
}

impl SerialPort {
    fn new(path: String, usb: Option<Usb>) -> Self {
        let known = |usb: &Usb| {
            let found = DONGLES.iter().find(|(id, _)| *id == (usb.vendor, usb.product));
            found.map_or(Vec::new(), |(_, boards)| boards.to_vec())
        };
        Self {
            path,
            device: usb.as_ref().map(|usb| usb.name.clone()),
            boards: usb.as_ref().map(known).unwrap_or_default(),
            usb,
        }
    }
}

/// The serial ports that could hold a dongle, in alphabetical order.
pub fn serial_ports() -> Vec<SerialPort> {
    let mut ports = if cfg!(windows) { windows_ports() } else { device_files() };
    ports.sort_by(|a, b| a.path.cmp(&b.path));
    ports
}

/// USB serial ports of Linux and macOS. On macOS only `cu.`: opening `tty.` waits for a modem's carrier.
fn device_files() -> Vec<SerialPort> {
    const PREFIXES: [&str; 4] = ["ttyUSB", "ttyACM", "cu.usb", "rfcomm"];
    names_in(Path::new("/dev"))
        .into_iter()
        .filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        .map(|name| {
            SerialPort::new(format!("/dev/{name}"), usb_behind(Path::new(TTY_CLASS), &name))
        })
        .collect()
}

/// The USB device behind a port, by what Linux tells below `class`.
fn usb_behind(class: &Path, name: &str) -> Option<Usb> {
    let device = std::fs::canonicalize(class.join(name).join("device")).ok()?;
    let described = |folder: &&Path| folder.join("idVendor").is_file();
    let folder = device.ancestors().take(MAX_PARENTS).find(described)?;
    let text = |file: &str| -> Option<String> {
        let text = std::fs::read_to_string(folder.join(file)).ok()?;
        let clean: String = text.trim().chars().filter(|c| !c.is_control()).take(80).collect();
        (!clean.is_empty()).then_some(clean)
    };
    let number = |file: &str| u16::from_str_radix(&text(file)?, 16).ok();
    let (maker, product) = (text("manufacturer"), text("product"));
    let name = [maker, product].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(Usb { vendor: number("idVendor")?, product: number("idProduct")?, name })
}

fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// COM ports that exist: they open, or are refused because another program holds them.
fn windows_ports() -> Vec<SerialPort> {
    let exists = |name: &String| {
        let opened =
            std::fs::OpenOptions::new().read(true).write(true).open(format!(r"\\.\{name}"));
        opened.map_or_else(|e| e.kind() == std::io::ErrorKind::PermissionDenied, |_| true)
    };
    (1..=64)
        .map(|n| format!("COM{n}"))
        .filter(exists)
        .map(|path| SerialPort::new(path, None))
        .collect()
}

/// Why nothing answers on a port, and what to do: the cause first that can be seen. `is_openbci` where the board speaks as a
/// Cyton does, and may be asked once more.
pub(super) fn why_silent(port: &str, is_openbci: bool) -> String {
    let path = Path::new(port);
    if !cfg!(windows) && !path.exists() {
        return format!(
            "There is no port {port}{}. Is the board's dongle plugged in?",
            ports_sentence()
        );
    }
    if let Some((program, process)) = holder(path) {
        return format!("{port} is in use by {program} (process {process}): close that first.");
    }
    match try_open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            format!("You may not open {port}. {}", permission(path))
        }
        Err(error) if error.raw_os_error() == Some(libc_ebusy()) => {
            format!("{port} is in use by another program: close that first.")
        }
        Err(error) => format!("{port} cannot be opened: {error}."),
        Ok(()) if is_openbci => listen::to(path).sentence(port),
        Ok(()) => format!(
            "{port} is there and free, but no board answers on it: is the board switched on and charged, and is it the \
             board that belongs to this port?"
        ),
    }
}

/// Which serial ports are there, as the end of a sentence.
pub(super) fn ports_sentence() -> String {
    let words = |port: SerialPort| match port.device {
        Some(device) => format!("{} ({device})", port.path),
        None => port.path,
    };
    let ports: Vec<_> = serial_ports().into_iter().map(words).collect();
    if ports.is_empty() {
        "; no serial port is plugged in".into()
    } else {
        format!("; serial ports here: {}", ports.join(", "))
    }
}

/// Opens a port for a moment without waiting for a carrier.
fn try_open(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NONBLOCK | libc::O_NOCTTY,
    );
    options.open(path).map(drop)
}

fn libc_ebusy() -> i32 {
    #[cfg(unix)]
    return libc::EBUSY;
    #[cfg(not(unix))]
    0
}

/// The command that lets a person open a port.
fn permission(path: &Path) -> String {
    let _ = path;
    #[cfg(unix)]
    if let Some(group) = group_of(path) {
        return format!(
            "Its group is {group}: run `sudo usermod -aG {group} \"$USER\"`, log out and in again, then connect."
        );
    }
    "Ask the administrator of this computer for it.".into()
}

/// Name of the group that a file belongs to.
#[cfg(unix)]
fn group_of(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let number = std::fs::metadata(path).ok()?.gid().to_string();
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let of_line = |line: &str| {
        let mut parts = line.split(':');
        let (name, _, id) = (parts.next()?, parts.next()?, parts.next()?);
        (id == number).then(|| name.to_owned())
    };
    groups.lines().find_map(of_line)
}

/// Another program that has the port open, as far as this user may see it: its name and number.
fn holder(port: &Path) -> Option<(String, u32)> {
    let port = std::fs::canonicalize(port).ok()?;
    let own = std::process::id();
    let processes = names_in(Path::new("/proc")).into_iter().filter_map(|name| name.parse().ok());
    let holds = |process: &u32| {
        let folder = PathBuf::from(format!("/proc/{process}/fd"));
        names_in(&folder)
            .into_iter()
            .any(|number| std::fs::read_link(folder.join(number)).is_ok_and(|to| to == port))
    };
    let process = processes.filter(|process: &u32| *process != own).find(holds)?;
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    Some((name.trim().to_owned(), process))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_usb_device_behind_a_port_names_its_boards() {
        let root = tempfile::tempdir().unwrap();
        let usb = root.path().join("devices/usb1/1-2");
        let port = usb.join("1-2:1.0/ttyUSB0");
        std::fs::create_dir_all(&port).unwrap();
        for (file, text) in [
            ("idVendor", "0403\n"),
            ("idProduct", "6015\n"),
            ("manufacturer", "FTDI\n"),
            ("product", "FT231X USB UART\u{7}\n"),
        ] {
            std::fs::write(usb.join(file), text).unwrap();
        }
        let class = root.path().join("tty");
        std::fs::create_dir_all(class.join("ttyUSB0")).unwrap();
        std::os::unix::fs::symlink(&port, class.join("ttyUSB0/device")).unwrap();
        let usb = usb_behind(&class, "ttyUSB0").unwrap();
        assert_eq!(
            (usb.vendor, usb.product, usb.name.as_str()),
            (0x0403, 0x6015, "FTDI FT231X USB UART")
        );
        let port = SerialPort::new("/dev/ttyUSB0".into(), Some(usb));
        assert_eq!(port.boards, ["cyton", "cyton_daisy"]);
        assert_eq!(usb_behind(&class, "ttyS0"), None);
    }

    #[test]
    fn a_port_that_is_not_there_is_named_with_those_that_are() {
        let said = why_silent("/dev/ttyNothing9", true);
        assert!(cfg!(windows) || said.starts_with("There is no port /dev/ttyNothing9;"), "{said}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_port_that_another_program_holds_is_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("port");
        std::fs::write(&path, "").unwrap();
        let input = std::fs::File::open(&path).unwrap();
        let mut other = std::process::Command::new("sleep").arg("30").stdin(input).spawn().unwrap();
        let said = why_silent(path.to_str().unwrap(), false);
        other.kill().unwrap();
        other.wait().unwrap();
        assert!(said.contains("in use by sleep (process"), "{said}");
        let said = why_silent(path.to_str().unwrap(), false);
        assert!(said.contains("no board answers"), "{said}");
    }
}
