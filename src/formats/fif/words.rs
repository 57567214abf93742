//! The numbers that FIFF gives to tags, blocks and types of values; the names of channels and units.

/// The name in messages.
pub(super) const FORMAT: &str = "FIF";

/// Kinds of tags.
pub(super) mod tag {
    pub const FILE_ID: i32 = 100;
    pub const BLOCK_ID: i32 = 103;
    pub const BLOCK_START: i32 = 104;
    pub const BLOCK_END: i32 = 105;
    pub const PARENT_BLOCK_ID: i32 = 110;
    pub const REF_ROLE: i32 = 115;
    pub const REF_FILE_NUM: i32 = 117;
    pub const REF_FILE_NAME: i32 = 118;
    pub const DEVICE_TYPE: i32 = 152;
    pub const DEVICE_MODEL: i32 = 153;
    pub const DEVICE_SERIAL: i32 = 154;
    pub const UTC_OFFSET: i32 = 159;
    pub const NCHAN: i32 = 200;
    pub const SFREQ: i32 = 201;
    pub const CH_INFO: i32 = 203;
    pub const MEAS_DATE: i32 = 204;
    /// A comment or description.
    pub const COMMENT: i32 = 206;
    pub const FIRST_SAMPLE: i32 = 208;
    pub const LAST_SAMPLE: i32 = 209;
    pub const EXPERIMENTER: i32 = 212;
    pub const LOWPASS: i32 = 219;
    pub const HIGHPASS: i32 = 223;
    pub const NAME: i32 = 233;
    pub const LINE_FREQ: i32 = 235;
    pub const CH_KIND: i32 = 252;
    pub const CH_RANGE: i32 = 253;
    pub const CH_CAL: i32 = 254;
    pub const CH_LOC: i32 = 255;
    pub const CH_UNIT: i32 = 256;
    pub const CH_UNIT_MUL: i32 = 257;
    pub const CH_DACQ_NAME: i32 = 258;
    pub const DATA_BUFFER: i32 = 300;
    pub const DATA_SKIP: i32 = 301;
    pub const EPOCH: i32 = 302;
    pub const DATA_SKIP_SAMP: i32 = 303;
    pub const SUBJ_FIRST_NAME: i32 = 401;
    pub const SUBJ_LAST_NAME: i32 = 403;
    pub const SUBJ_HIS_ID: i32 = 410;
    pub const PROJ_NAME: i32 = 501;
    pub const CH_NAME_LIST: i32 = 3507;
    pub const PROJ_ITEM_ACTIVE: i32 = 3560;
    pub const CUSTOM_REF: i32 = 3567;
    pub const BASELINE_MIN: i32 = 3568;
    pub const BASELINE_MAX: i32 = 3569;
    pub const EPOCHS_DROP_LOG: i32 = 3801;
}

/// Kinds of blocks.
pub(super) mod block {
    pub const MEAS: i32 = 100;
    pub const MEAS_INFO: i32 = 101;
    pub const RAW_DATA: i32 = 102;
    pub const EVOKED: i32 = 104;
    pub const ASPECT: i32 = 105;
    pub const SUBJECT: i32 = 106;
    pub const CONTINUOUS_DATA: i32 = 112;
    /// What is further known of one channel.
    pub const CH_INFO: i32 = 113;
    /// Another file of the same recording.
    pub const REF: i32 = 118;
    /// Raw data recorded with internal active shielding (MaxShield).
    pub const IAS_RAW_DATA: i32 = 119;
    pub const DEVICE: i32 = 124;
    pub const PROJ_ITEM: i32 = 314;
    pub const BAD_CHANNELS: i32 = 359;
    pub const EPOCHS: i32 = 373;
    pub const ANNOTATIONS: i32 = 3810;
}

/// Whether samples stand in blocks of this kind.
pub(super) fn is_raw(kind: i32) -> bool {
    [block::RAW_DATA, block::CONTINUOUS_DATA, block::IAS_RAW_DATA].contains(&kind)
}

/// What a file without raw data is, by a block that only such files hold.
pub(super) fn other_content(kind: i32) -> Option<&'static str> {
    Some(match kind {
        310 => "a model of the head",
        351 => "a source space",
        352 => "a forward solution",
        355 => "a noise covariance",
        356 => "an inverse solution",
        361 => "a list of events",
        374 => "an independent component analysis",
        _ => return None,
    })
}

/// Types of values.
pub(super) mod datatype {
    pub const BYTE: u32 = 1;
    pub const SHORT: u32 = 2;
    pub const INT: u32 = 3;
    pub const FLOAT: u32 = 4;
    pub const DOUBLE: u32 = 5;
    pub const USHORT: u32 = 7;
    pub const UINT: u32 = 8;
    pub const DAU_PACK16: u32 = 16;
    pub const COMPLEX_FLOAT: u32 = 20;
    pub const COMPLEX_DOUBLE: u32 = 21;
    pub const ID_STRUCT: u32 = 31;
}

/// Kind of a channel that carries codes of events.
pub(super) const STIM_CHANNEL: i32 = 3;

/// Kinds of channels whose place is given in the coordinates of the head: EEG, and electrodes inside it.
pub(super) const ON_THE_HEAD: [i32; 4] = [2, 802, 803, 902];

/// The type of a channel in the words of [`crate::formats::recording::ChannelHead`].
pub(super) fn channel_kind(kind: i32) -> &'static str {
    match kind {
        1 => "MEG",
        2 => "EEG",
        STIM_CHANNEL => "TRIG",
        102 => "BIO",
        201 => "MCG",
        202 => "EOG",
        301 => "REF_MEG",
        302 => "EMG",
        402 => "ECG",
        502 => "MISC",
        602 => "RESP",
        700..=709 => "HPI",
        802 => "SEEG",
        803 => "DBS",
        900 => "SYST",
        902 => "ECOG",
        910 => "IAS",
        920 => "EXCI",
        1000 | 1001 => "DIPOLE",
        1100 => "FNIRS",
        1200 => "TEMP",
        1300 => "GSR",
        1400 => "EYETRACK",
        _ => "",
    }
}

/// A unit with its power of ten, as `V` and -6: `µV`. Empty for what has no unit.
pub(super) fn unit(unit: i32, power: i32) -> String {
    let base = match unit {
        1 => "m",
        2 => "kg",
        3 => "s",
        4 => "A",
        5 => "K",
        6 => "mol",
        7 => "rad",
        8 => "sr",
        9 => "cd",
        10 => "mol/m^3",
        101 => "Hz",
        102 => "N",
        103 => "Pa",
        104 => "J",
        105 => "W",
        106 => "C",
        107 => "V",
        108 => "F",
        109 => "Ohm",
        110 => "S",
        111 => "Wb",
        112 => "T",
        113 => "H",
        114 => "°C",
        115 => "lm",
        116 => "lx",
        117 => "V/m^2",
        118 => "s^2",
        201 => "T/m",
        202 => "Am",
        203 => "Am/m^2",
        204 => "Am/m^3",
        210 => "px",
        _ => return String::new(),
    };
    let prefix = match power {
        0 => "",
        9 => "G",
        6 => "M",
        3 => "k",
        -3 => "m",
        -6 => "µ",
        -9 => "n",
        -12 => "p",
        -15 => "f",
        _ => return format!("10^{power} {base}"),
    };
    format!("{prefix}{base}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::unit::microvolts_per;

    #[test]
    fn units_have_their_power_of_ten() {
        assert_eq!(microvolts_per(&unit(107, 0)), Some(1e6));
        assert_eq!(microvolts_per(&unit(107, -6)), Some(1.0));
        assert_eq!(unit(201, -15), "fT/m");
        assert_eq!(unit(107, 2), "10^2 V");
        assert_eq!(unit(-1, -6), "");
    }
}
