//! Protobuf's wire format (protobuf.dev, "Encoding") read from a stream, field by field.
//!
//! Takes bytes that may be hostile, gives numbers, lengths and places, or the byte where it goes wrong. Keeps nothing of
//! what it passes over. That is why no library decodes here: `prost` 0.14 makes 1.2 GB of a file of 32 MB of empty nodes,
//! two bytes each, and its errors name no byte.

use std::io::{Read, Seek};

/// A stream and the place in it.
pub struct Wire<R> {
    reader: R,
    at: u64,
}

/// A field's number and value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its number in the message's definition.
    pub number: u64,
    /// What follows the key.
    pub value: Value,
}

/// A value by its wire type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Wire type 0.
    Number(u64),
    /// Wire types 1 and 5: 8 or 4 bytes, passed over.
    Fixed,
    /// Wire type 2: text, bytes, a message or packed numbers, up to byte `end`. The stream stands at its first byte.
    Block {
        /// Where it ends; never beyond the message that it is in.
        end: u64,
    },
}

impl<R: Read + Seek> Wire<R> {
    /// From the stream's first byte. Give a buffered one: this reads byte by byte.
    pub fn new(reader: R) -> Self {
        Self { reader, at: 0 }
    }

    /// Bytes read or passed over.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next field of a message that ends at byte `end`.
    ///
    /// # Errors
    /// What is wrong, with the byte.
    pub fn field(&mut self, end: u64) -> Result<Field, String> {
        let start = self.at;
        let key = self.varint(end)?;
        let number = key >> 3;
        if number == 0 {
            return Err(format!("byte {start}: this is not ONNX, field number 0"));
        }
        let value = match key & 7 {
            0 => Value::Number(self.varint(end)?),
            1 => self.fixed(8, end)?,
            2 => {
                let bytes = self.varint(end)?;
                self.fits(bytes, end)?;
                Value::Block { end: self.at + bytes }
            }
            5 => self.fixed(4, end)?,
            wire => return Err(format!("byte {start}: this is not ONNX, wire type {wire}")),
        };
        Ok(Field { number, value })
    }

    /// At most `most` bytes of a block that ends at byte `end`, as text.
    ///
    /// # Errors
    /// What is wrong, with the byte.
    pub fn text(&mut self, end: u64, most: u64) -> Result<String, String> {
        let mut bytes = vec![0; end.saturating_sub(self.at).min(most) as usize];
        self.read(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Passes over what is left before byte `end`.
    ///
    /// # Errors
    /// What is wrong, with the byte.
    pub fn skip_to(&mut self, end: u64) -> Result<(), String> {
        let bytes = end.saturating_sub(self.at);
        let offset = i64::try_from(bytes).map_err(|e| format!("byte {}: {e}", self.at))?;
        self.reader.seek_relative(offset).map_err(|e| format!("byte {}: {e}", self.at))?;
        self.at += bytes;
        Ok(())
    }

    fn fixed(&mut self, bytes: u64, end: u64) -> Result<Value, String> {
        self.fits(bytes, end)?;
        self.skip_to(self.at + bytes)?;
        Ok(Value::Fixed)
    }

    fn varint(&mut self, end: u64) -> Result<u64, String> {
        let start = self.at;
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            self.fits(1, end)?;
            let mut byte = [0];
            self.read(&mut byte)?;
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(format!("byte {start}: this is not ONNX, a number of more than 10 bytes"))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.reader.read_exact(bytes).map_err(|e| format!("byte {}: {e}", self.at))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn fits(&self, bytes: u64, end: u64) -> Result<(), String> {
        let left = end.saturating_sub(self.at);
        if bytes <= left {
            return Ok(());
        }
        Err(format!("byte {}: {bytes} bytes expected, {left} left; it is cut short", self.at))
    }
}
