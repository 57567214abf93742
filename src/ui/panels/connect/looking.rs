//! When to look for devices.
//!
//! Once when the panel opens, and again while nothing is connected, until told to stop: what is plugged in later is found, too.

/// Seconds between two looks.
const AGAIN_SECS: f64 = 4.0;

/// Whether and when to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looking {
    /// A look is on its way.
    pub asked: bool,
    /// Told to stop.
    pub stopped: bool,
    last_secs: Option<f64>,
}

impl Looking {
    /// A look was asked for elsewhere, or is asked for now.
    pub fn ask(&mut self) {
        self.asked = true;
    }

    /// Whether to look now.
    pub fn is_due(&mut self, now_secs: f64, is_connected: bool) -> bool {
        if self.asked || self.stopped {
            return false;
        }
        let due = match self.last_secs {
            None => true,
            Some(last) => !is_connected && now_secs - last > AGAIN_SECS,
        };
        if due {
            self.last_secs = Some(now_secs);
            self.asked = true;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_again_while_nothing_is_connected_until_told_to_stop() {
        let mut looking = Looking::default();
        assert!(looking.is_due(0.0, false));
        assert!(!looking.is_due(10.0, false), "one is on its way");
        looking.asked = false;
        assert!(!looking.is_due(1.0, false) && looking.is_due(10.0, false));
        looking.asked = false;
        assert!(!looking.is_due(20.0, true) && looking.is_due(20.0, false));
        looking.asked = false;
        looking.stopped = true;
        assert!(!looking.is_due(99.0, false));
    }
}
