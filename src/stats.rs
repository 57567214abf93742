//! Statistics over what was measured: percentiles, intervals, exact tests. No time is read here.
