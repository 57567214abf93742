//! The boards that BrainFlow knows, and what each needs.
//!
//! Opens nothing and needs no library, so it also works where BrainFlow is missing.

use ::brainflow::BOARDS;

/// A board that BrainFlow knows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct KnownBoard {
    /// BrainFlow's number.
    pub id: i32,
    /// Name as written after `brainflow:`.
    pub name: &'static str,
    /// How it is connected, in plain words.
    pub connection: &'static str,
    /// Parameters that must be given.
    pub needs: Vec<&'static str>,
    /// What to type, with examples for what must be given.
    pub example: String,
}

/// Every board that BrainFlow knows, with what it needs.
pub fn list_boards() -> Vec<KnownBoard> {
    let known = |board: &::brainflow::BoardModel| KnownBoard {
        id: board.id,
        name: board.name,
        connection: board.link.describe(),
        needs: board.needs.iter().map(|need| need.key).collect(),
        example: board.needs.iter().fold(format!("brainflow:{}", board.name), |text, need| {
            format!("{text},{}={}", need.key, need.example)
        }),
    };
    BOARDS.iter().map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_can_be_typed_as_they_stand() {
        let boards = list_boards();
        assert!(boards.len() > 60);
        for board in boards {
            let spec: crate::source::SourceSpec = board.example.parse().unwrap();
            let crate::source::SourceSpec::Brainflow { board, parameters } = spec else {
                panic!("not a board")
            };
            super::super::request::Request::new(&board, &parameters).unwrap();
        }
    }
}
