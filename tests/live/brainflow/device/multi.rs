//! Commands of several characters, collected as the firmware does: a fixed length each, and a second's patience.

/// Seconds in which all characters must come.
const PATIENCE_SECS: f64 = 1.0;

/// What is being collected.
#[derive(Default)]
pub struct Multi {
    text: String,
    since_secs: f64,
}

/// What a byte came to.
pub enum Collected {
    /// It belongs to a command that is not whole yet.
    More,
    /// It completes one.
    Whole(String),
    /// It belongs to none.
    No,
}

impl Multi {
    fn length(first: u8) -> Option<usize> {
        match first {
            b'x' => Some(9),
            b'z' => Some(5),
            b'~' | b'/' => Some(2),
            _ => None,
        }
    }

    /// Gives up what took too long, and says so.
    pub fn expire(&mut self, now_secs: f64) -> Option<&'static str> {
        let late = !self.text.is_empty() && now_secs - self.since_secs > PATIENCE_SECS;
        if late {
            self.text.clear();
        }
        late.then_some(
            "Timeout processing multi byte message - please send all commands at once as of v2$$$",
        )
    }

    /// Takes a byte.
    pub fn hear(&mut self, byte: u8, now_secs: f64) -> Collected {
        if self.text.is_empty() {
            if Self::length(byte).is_none() {
                return Collected::No;
            }
            self.since_secs = now_secs;
        }
        self.text.push(char::from(byte));
        if Self::length(self.text.as_bytes()[0]) == Some(self.text.chars().count()) {
            return Collected::Whole(std::mem::take(&mut self.text));
        }
        Collected::More
    }
}
