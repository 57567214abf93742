//! egui: one panel a file, reads snapshots, sends commands.
