//! Room for many numbers in few pages: filling half a gigabyte page by page takes the system longer than reading it from disk.
//!
//! Takes a vector whose room has grown; asks the system for large pages behind it. Only speed depends on the answer.
#![allow(unsafe_code)] // one call of the system, with its reason beside it

/// Room below this is left alone, in bytes: it is filled in no time, and a large page half empty would be wasted.
const LEAST_BYTES: usize = 8 << 20;

/// Asks for large pages behind the room of a vector, where that is large.
#[cfg(target_os = "linux")]
pub fn prefer_large<T>(values: &Vec<T>) {
    /// Length of a large page on the processors that Linux calls by this name; elsewhere some of the room is left out.
    const LARGE_BYTES: usize = 2 << 20;
    let bytes = values.capacity().saturating_mul(size_of::<T>());
    if bytes < LEAST_BYTES {
        return;
    }
    let start = values.as_ptr() as usize;
    let (first, last) =
        (start.next_multiple_of(LARGE_BYTES), (start + bytes) / LARGE_BYTES * LARGE_BYTES);
    if first < last {
        // SAFETY: the range lies within this vector's own allocation, and the advice changes neither contents nor
        // protection. A system that does not know it says so, which is all the same.
        unsafe { libc::madvise(first as *mut libc::c_void, last - first, libc::MADV_HUGEPAGE) };
    }
}

/// The same where the system has no such advice.
#[cfg(not(target_os = "linux"))]
pub fn prefer_large<T>(_values: &Vec<T>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_stay_whatever_the_system_answers() {
        let mut values: Vec<u32> = (0..5_000_000).collect();
        prefer_large(&values);
        values.reserve(20_000_000);
        prefer_large(&values);
        values.extend(5_000_000..20_000_000);
        assert!(values.iter().enumerate().all(|(i, value)| i as u32 == *value));
        prefer_large(&Vec::<u64>::new());
    }
}
