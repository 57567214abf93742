//! The boards that BrainFlow 5.23 has: number, name, how they are connected, what they cannot do without.
//!
//! Names and numbers are those of `BoardIds` without `_BOARD`, in lower case. Which parameters are
//! required was found by asking BrainFlow 5.23 to prepare each board without any.

/// BrainFlow's number for "no board".
pub const NO_BOARD: i32 = -100;
/// Plays a file that another board's session wrote.
pub const PLAYBACK_FILE: i32 = -3;
/// Receives what another process streams.
pub const STREAMING: i32 = -2;
/// Makes its own signal.
pub const SYNTHETIC: i32 = -1;

/// How a board is connected to the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Not at all: BrainFlow makes the signal.
    Program,
    /// A file on disk.
    File,
    /// A serial port, often a USB dongle.
    Serial,
    /// Bluetooth of this computer.
    Bluetooth,
    /// Wi-Fi or another network.
    Network,
    /// USB, through the vendor's own library.
    Usb,
    /// Pins of a single-board computer.
    Bus,
}

impl Link {
    /// In plain words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Program => "made by BrainFlow itself",
            Self::File => "file",
            Self::Serial => "serial port (USB dongle)",
            Self::Bluetooth => "Bluetooth",
            Self::Network => "network",
            Self::Usb => "USB, vendor library",
            Self::Bus => "pins of a Raspberry Pi",
        }
    }
}

/// A parameter that a board cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// BrainFlow's name of the parameter.
    pub key: &'static str,
    /// An example of a value.
    pub example: &'static str,
}

/// A board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardModel {
    /// BrainFlow's number.
    pub id: i32,
    /// Name as written after `brainflow:`.
    pub name: &'static str,
    /// How it is connected.
    pub link: Link,
    /// What must be given.
    pub needs: &'static [Need],
}

const NOTHING: &[Need] = &[];
const SERIAL: &[Need] = &[Need { key: "serial_port", example: SERIAL_EXAMPLE }];
const PORT: &[Need] = &[Need { key: "ip_port", example: "6677" }];
const MULTICAST: &[Need] = &[
    Need { key: "ip_address", example: "225.1.1.1" },
    Need { key: "ip_port", example: "6677" },
    Need { key: "master_board", example: "synthetic" },
];
const MASTER_FILE: &[Need] = &[
    Need { key: "file", example: "recording.csv" },
    Need { key: "master_board", example: "synthetic" },
];

/// What a serial port is called on this system.
const SERIAL_EXAMPLE: &str = if cfg!(windows) {
    "COM3"
} else if cfg!(target_os = "macos") {
    "/dev/cu.usbserial-DM00Q0QN"
} else {
    "/dev/ttyUSB0"
};

const fn model(id: i32, name: &'static str, link: Link, needs: &'static [Need]) -> BoardModel {
    BoardModel { id, name, link, needs }
}

/// Every board of BrainFlow 5.23.
pub const BOARDS: &[BoardModel] = &[
    model(-3, "playback_file", Link::File, MASTER_FILE),
    model(-2, "streaming", Link::Network, MULTICAST),
    model(-1, "synthetic", Link::Program, NOTHING),
    model(0, "cyton", Link::Serial, SERIAL),
    model(1, "ganglion", Link::Serial, SERIAL),
    model(2, "cyton_daisy", Link::Serial, SERIAL),
    model(3, "galea", Link::Network, NOTHING),
    model(4, "ganglion_wifi", Link::Network, PORT),
    model(5, "cyton_wifi", Link::Network, PORT),
    model(6, "cyton_daisy_wifi", Link::Network, PORT),
    model(7, "brainbit", Link::Bluetooth, NOTHING),
    model(8, "unicorn", Link::Bluetooth, NOTHING),
    model(9, "callibri_eeg", Link::Bluetooth, NOTHING),
    model(10, "callibri_emg", Link::Bluetooth, NOTHING),
    model(11, "callibri_ecg", Link::Bluetooth, NOTHING),
    model(13, "notion_1", Link::Network, NOTHING),
    model(14, "notion_2", Link::Network, NOTHING),
    model(16, "gforce_pro", Link::Bluetooth, NOTHING),
    model(17, "freeeeg32", Link::Serial, SERIAL),
    model(18, "brainbit_bled", Link::Serial, SERIAL),
    model(19, "gforce_dual", Link::Bluetooth, NOTHING),
    model(21, "muse_s_bled", Link::Serial, SERIAL),
    model(22, "muse_2_bled", Link::Serial, SERIAL),
    model(23, "crown", Link::Network, NOTHING),
    model(24, "ant_neuro_ee_410", Link::Usb, NOTHING),
    model(25, "ant_neuro_ee_411", Link::Usb, NOTHING),
    model(26, "ant_neuro_ee_430", Link::Usb, NOTHING),
    model(27, "ant_neuro_ee_211", Link::Usb, NOTHING),
    model(28, "ant_neuro_ee_212", Link::Usb, NOTHING),
    model(29, "ant_neuro_ee_213", Link::Usb, NOTHING),
    model(30, "ant_neuro_ee_214", Link::Usb, NOTHING),
    model(31, "ant_neuro_ee_215", Link::Usb, NOTHING),
    model(32, "ant_neuro_ee_221", Link::Usb, NOTHING),
    model(33, "ant_neuro_ee_222", Link::Usb, NOTHING),
    model(34, "ant_neuro_ee_223", Link::Usb, NOTHING),
    model(35, "ant_neuro_ee_224", Link::Usb, NOTHING),
    model(36, "ant_neuro_ee_225", Link::Usb, NOTHING),
    model(37, "enophone", Link::Bluetooth, NOTHING),
    model(38, "muse_2", Link::Bluetooth, NOTHING),
    model(39, "muse_s", Link::Bluetooth, NOTHING),
    model(40, "brainalive", Link::Bluetooth, NOTHING),
    model(41, "muse_2016", Link::Bluetooth, NOTHING),
    model(42, "muse_2016_bled", Link::Serial, SERIAL),
    model(44, "explore_4_chan", Link::Bluetooth, NOTHING),
    model(45, "explore_8_chan", Link::Bluetooth, NOTHING),
    model(46, "ganglion_native", Link::Bluetooth, NOTHING),
    model(47, "emotibit", Link::Network, NOTHING),
    model(50, "ntl_wifi", Link::Network, PORT),
    model(51, "ant_neuro_ee_511", Link::Usb, NOTHING),
    model(52, "freeeeg128", Link::Serial, SERIAL),
    model(53, "aavaa_v3", Link::Bluetooth, NOTHING),
    model(54, "explore_plus_8_chan", Link::Bluetooth, NOTHING),
    model(55, "explore_plus_32_chan", Link::Bluetooth, NOTHING),
    model(56, "pieeg", Link::Bus, NOTHING),
    model(57, "neuropawn_knight", Link::Serial, SERIAL),
    model(58, "synchroni_trio_3_channels", Link::Bluetooth, NOTHING),
    model(59, "synchroni_octo_8_channels", Link::Bluetooth, NOTHING),
    model(60, "ob5000_8_channels", Link::Bluetooth, NOTHING),
    model(61, "synchroni_pento_8_channels", Link::Bluetooth, NOTHING),
    model(62, "synchroni_uno_1_channels", Link::Bluetooth, NOTHING),
    model(63, "ob3000_24_channels", Link::Bluetooth, NOTHING),
    model(64, "biolistener", Link::Network, NOTHING),
    model(65, "ironbci_32", Link::Serial, SERIAL),
    model(66, "neuropawn_knight_imu", Link::Serial, SERIAL),
    model(67, "muse_s_athena", Link::Bluetooth, NOTHING),
    model(68, "shimmer3", Link::Serial, SERIAL),
];

/// Other names that people use: (alias, name).
const ALIASES: &[(&str, &str)] =
    &[("playback", "playback_file"), ("daisy", "cyton_daisy"), ("unicorn_hybrid_black", "unicorn")];

/// The board with this name or number. Upper and lower case, `-`, `_` and a trailing `_BOARD` do not matter.
pub fn find(name_or_id: &str) -> Option<&'static BoardModel> {
    if let Ok(id) = name_or_id.trim().parse::<i32>() {
        return by_id(id);
    }
    let lower = name_or_id.trim().to_ascii_lowercase().replace('-', "_");
    let plain = lower.strip_suffix("_board").unwrap_or(&lower);
    let name = ALIASES.iter().find(|alias| alias.0 == plain).map_or(plain, |alias| alias.1);
    BOARDS.iter().find(|board| board.name == name)
}

/// The board with this number.
pub fn by_id(id: i32) -> Option<&'static BoardModel> {
    BOARDS.iter().find(|board| board.id == id)
}

/// Up to `most` names of boards that look like what was typed, best first.
pub fn similar(text: &str, most: usize) -> Vec<&'static str> {
    let wanted = text.to_ascii_lowercase();
    let mut ranked: Vec<_> =
        BOARDS.iter().map(|board| (likeness(&wanted, board.name), board.name)).collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.len().cmp(&b.1.len())));
    ranked.into_iter().filter(|(score, _)| *score >= 3).take(most).map(|(_, name)| name).collect()
}

/// Length of the longest run of letters that both words have.
fn likeness(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let run = |i: usize, j: usize| a[i..].iter().zip(&b[j..]).take_while(|(x, y)| x == y).count();
    (0..a.len().min(64))
        .flat_map(|i| (0..b.len()).map(move |j| (i, j)))
        .map(|(i, j)| run(i, j))
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_find_the_same_board() {
        for (text, id) in [
            ("synthetic", -1),
            ("Cyton", 0),
            ("CYTON_DAISY_BOARD", 2),
            ("playback", -3),
            ("streaming", -2),
            ("muse-2", 38),
            ("38", 38),
            ("neuropawn_knight_imu", 66),
        ] {
            assert_eq!(find(text).map(|board| board.id), Some(id), "{text}");
        }
        assert_eq!(find("cytn"), None);
        assert_eq!(find("-100"), None);
        assert_eq!(similar("cytn", 2)[0], "cyton");
    }

    #[test]
    fn no_name_or_number_is_there_twice() {
        for board in BOARDS {
            assert_eq!(
                BOARDS.iter().filter(|b| b.id == board.id || b.name == board.name).count(),
                1
            );
        }
    }
}
