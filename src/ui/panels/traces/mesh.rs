//! One trace as triangles: a ribbon between the least and the greatest value of each column.
//!
//! Takes columns of one channel in screen points; gives four vertices a column, so that 64 channels of
//! 375 columns stay under 100 000 vertices. The ribbon is never thinner than the stroke, also where it is
//! steep, and fades over half a point at its edges. It breaks where a column is empty.

use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Color32, pos2};

/// Half the thickness of a trace, in points.
const HALF_STROKE: f32 = 0.55;
/// Width of the soft edge, in points.
const FEATHER: f32 = 0.6;
/// A line steeper than this is not widened further.
const MAX_WIDENING: f32 = 6.0;

/// A column of one trace on screen: top and bottom in points, top first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Centre of the column.
    pub x: f32,
    /// Upper edge (the greatest value).
    pub top: f32,
    /// Lower edge (the least value).
    pub bottom: f32,
}

/// Adds one unbroken run of columns to a mesh.
pub fn add_ribbon(mesh: &mut Mesh, run: &[Band], color: Color32) {
    let clear = Color32::TRANSPARENT;
    let start = mesh.vertices.len() as u32;
    for (i, band) in run.iter().enumerate() {
        let half = HALF_STROKE * widening(run, i);
        let (top, bottom) = (band.top - half, band.bottom + half);
        for (y, color) in
            [(top - FEATHER, clear), (top, color), (bottom, color), (bottom + FEATHER, clear)]
        {
            mesh.vertices.push(Vertex { pos: pos2(band.x, y), uv: WHITE_UV, color });
        }
    }
    for column in 1..run.len() as u32 {
        let (left, right) = (start + (column - 1) * 4, start + column * 4);
        for edge in 0..3 {
            mesh.add_triangle(left + edge, left + edge + 1, right + edge);
            mesh.add_triangle(left + edge + 1, right + edge, right + edge + 1);
        }
    }
}

/// How much taller a sloping line must be to look as thick as a level one: √(1 + slope²).
fn widening(run: &[Band], i: usize) -> f32 {
    let middle = |band: &Band| (band.top + band.bottom) * 0.5;
    let (left, right) = (&run[i.saturating_sub(1)], &run[(i + 1).min(run.len() - 1)]);
    let run_points = right.x - left.x;
    if run_points <= 0.0 {
        return 1.0;
    }
    let slope = (middle(right) - middle(left)) / run_points;
    (1.0 + slope * slope).sqrt().min(MAX_WIDENING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_line_is_as_thick_as_the_stroke() {
        let run: Vec<Band> = (0..10).map(|i| Band { x: i as f32, top: 5.0, bottom: 5.0 }).collect();
        let mut mesh = Mesh::default();
        add_ribbon(&mut mesh, &run, Color32::WHITE);
        assert_eq!(mesh.vertices.len(), 40);
        assert_eq!(mesh.indices.len(), 9 * 18);
        let thickness = mesh.vertices[2].pos.y - mesh.vertices[1].pos.y;
        assert!((thickness - 2.0 * HALF_STROKE).abs() < 1e-5);
        assert!(mesh.is_valid());
    }

    #[test]
    fn steep_lines_are_widened_within_bounds() {
        let run =
            [Band { x: 0.0, top: 0.0, bottom: 0.0 }, Band { x: 1.0, top: 900.0, bottom: 900.0 }];
        assert_eq!(widening(&run, 0), MAX_WIDENING);
        assert_eq!(widening(&run[..1], 0), 1.0);
    }
}
