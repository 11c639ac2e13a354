//! Text with choices in it: the source of a file, in which a point of mutation is an [`Edit`], and edits nest.

use std::collections::BTreeSet;
use std::ops::Range;

/// What an edit puts in the place of its range.
pub enum Piece {
    /// This text.
    Text(String),
    /// This part of the source, edited in its turn.
    Source(Range<usize>),
    /// `id => text,` of a mutant.
    Arm(usize, String),
}

/// One point of mutation. Its mutants are the arms among the pieces.
pub struct Edit {
    pub range: Range<usize>,
    pub pieces: Vec<Piece>,
}

impl Edit {
    pub fn mutants(&self) -> impl Iterator<Item = usize> {
        self.pieces.iter().filter_map(|piece| if let Piece::Arm(id, _) = piece { Some(*id) } else { None })
    }
}

/// A rewritten file, and which mutants a range of it belongs to: an arm, or a point.
#[derive(Default)]
pub struct Rewritten {
    pub text: String,
    origins: Vec<(Range<usize>, bool, Vec<usize>)>,
}

impl Rewritten {
    /// `edits` in any order; mutants that are in `without` are left out.
    pub fn new(source: &str, edits: &[Edit], without: &BTreeSet<usize>) -> Self {
        let mut sorted: Vec<&Edit> = edits.iter().filter(|e| e.mutants().any(|id| !without.contains(&id))).collect();
        sorted.sort_by_key(|e| (e.range.start, std::cmp::Reverse(e.range.end)));
        let mut out = Self::default();
        out.render(source, 0..source.len(), &sorted, without);
        out
    }

    fn render(&mut self, source: &str, range: Range<usize>, edits: &[&Edit], without: &BTreeSet<usize>) {
        let (mut at, mut i) = (range.start, 0);
        while let Some(edit) = edits.get(i) {
            i += 1;
            if edit.range.start < at || edit.range.end > range.end {
                continue; // inside one that is done, or outside
            }
            self.text += &source[at..edit.range.start];
            let start = self.text.len();
            for piece in &edit.pieces {
                match piece {
                    Piece::Text(text) => self.text += text,
                    Piece::Source(part) => self.render(source, part.clone(), &edits[i..], without),
                    Piece::Arm(id, _) if without.contains(id) => {}
                    Piece::Arm(id, text) => {
                        let start = self.text.len();
                        self.text += &format!("{id} => {text}, ");
                        self.origins.push((start..self.text.len(), true, vec![*id]));
                    }
                }
            }
            self.origins.push((start..self.text.len(), false, edit.mutants().collect()));
            at = edit.range.end;
        }
        self.text += &source[at..range.end];
    }

    /// The mutant in whose arm the bytes `span` are; where they are in none, those of the innermost point.
    pub fn at_fault(&self, span: &Range<usize>) -> (bool, &[usize]) {
        let holds = |r: &Range<usize>| r.start <= span.start && span.end <= r.end;
        let found = self.origins.iter().filter(|(r, ..)| holds(r)).min_by_key(|(r, ..)| r.len());
        found.map_or((false, &[]), |(_, is_arm, ids)| (*is_arm, ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(range: Range<usize>, id: usize, mutated: &str) -> Edit {
        let pieces = vec![
            Piece::Text("[".into()),
            Piece::Arm(id, mutated.into()),
            Piece::Source(range.clone()),
            Piece::Text("]".into()),
        ];
        Edit { range, pieces }
    }

    #[test]
    fn edits_nest_and_those_without_mutants_vanish() {
        let edits = [choice(4..5, 2, "x"), choice(0..5, 1, "y"), choice(6..7, 3, "z")];
        assert_eq!(Rewritten::new("a + b c", &edits, &[].into()).text, "[1 => y, a + [2 => x, b]] [3 => z, c]");
        assert_eq!(Rewritten::new("a + b c", &edits, &[1, 3].into()).text, "a + [2 => x, b] c");
    }

    #[test]
    fn a_place_belongs_to_the_innermost() {
        let rewritten = Rewritten::new("a + b c", &[choice(4..5, 2, "x"), choice(0..5, 1, "y")], &[].into());
        let at = |part| rewritten.at_fault(&(rewritten.text.find(part).map_or(0..99, |i| i..i + 1))).1;
        assert_eq!((at("x"), at("y"), at("a"), at("b"), at("c")), (&[2][..], &[1][..], &[1][..], &[2][..], &[][..]));
    }
}
