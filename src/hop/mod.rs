//! How data crosses threads. Every hop states its capacity and what happens when it is full.
//!
//! | hop | carries | capacity | when full |
//! |---|---|---|---|
//! | [`ring`] | every sample and marker | seconds, chosen when made | newest frame is dropped and counted; the next one is marked as following a gap, but not in a ring to a screen |
//! | [`backlog`] | windows | 64 | the oldest is replaced; a new delivery replaces all that waits; replaced ones are counted |
//! | [`slot`] | quality, health | one | the newer replaces the older; replaced ones are counted |

pub mod backlog;
mod bell;
pub mod ring;
pub mod slot;
