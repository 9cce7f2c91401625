//! As a drawing that browsers show.

use std::fmt::Write;

use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point;
use layout::core::style::StyleAttr;
use layout::std_shapes::shapes::{Arrow, Element, ShapeKind};
use layout::topo::layout::VisualGraph;

use super::lines;
use crate::explore::graph::{Automaton, End, Place};

/// Heights of letters, in pixels.
const IN_BOXES: f64 = 11.0;
const ON_STEPS: f64 = 10.0;
const IN_TITLE: f64 = 14.0;
/// A letter's width, and a line's height, of a letter's height.
const WIDTH: f64 = 0.61;
const LINE: f64 = 1.25;
/// Around the text in a box, and around the whole.
const MARGIN: f64 = 12.0;
/// The layout takes letters to be as wide as high: with this height, it leaves the room that [`ON_STEPS`] needs.
const HEIGHT_FOR_LAYOUT: usize = 7;

const LEGEND: &str = "blue: right after a mark, where all ways that lead there become one";

pub(super) fn draw(automaton: &Automaton, title: &str) -> String {
    let mut graph = VisualGraph::new(Orientation::TopToBottom);
    let places: Vec<_> =
        automaton.places.iter().map(|place| graph.add_node(element(place))).collect();
    for step in &automaton.steps {
        let look = StyleAttr { font_size: HEIGHT_FOR_LAYOUT, ..StyleAttr::simple() };
        let arrow = Arrow { look, ..Arrow::simple(&step.results.join("\n")) };
        graph.add_edge(arrow, places[step.from], places[step.to]);
    }
    let mut drawing = Drawing::default();
    if !automaton.places.is_empty() {
        graph.do_it(false, false, false, &mut drawing);
    }
    drawing.finish(title)
}

fn element(place: &Place) -> Element {
    let mark = place.mark.as_ref().map(|mark| format!("mark {mark}"));
    let text: Vec<&str> = mark.as_deref().into_iter().chain(lines(place)).collect();
    let size = room_for(&text, IN_BOXES);
    let size = Point::new(size.x + MARGIN, size.y + MARGIN);
    let text = text.join("\n");
    let (shape, colour) = match place.end {
        Some(End::Done) => (ShapeKind::new_circle(&text), WHITE),
        Some(End::Wrong) => (ShapeKind::new_box(&text), RED),
        None if place.mark.is_some() => (ShapeKind::new_box(&text), BLUE),
        None => (ShapeKind::new_box(&text), WHITE),
    };
    let look = StyleAttr { fill_color: Some(Color::new(colour)), ..StyleAttr::simple() };
    Element::create(shape, look, Orientation::TopToBottom, size)
}

const WHITE: u32 = 0xffff_ffff;
const BLUE: u32 = 0xe4ec_f7ff;
const RED: u32 = 0xf6c6_c6ff;

fn room_for(lines: &[&str], height: f64) -> Point {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    Point::new(longest as f64 * height * WIDTH, lines.len() as f64 * height * LINE)
}

/// What was drawn so far.
#[derive(Default)]
struct Drawing {
    boxes: String,
    arrows: String,
    texts: String,
    /// Whether the next text is a box's.
    in_box: bool,
    corner: Option<(Point, Point)>,
}

impl Drawing {
    fn covers(&mut self, from: Point, to: Point) {
        let (least, most) = self.corner.get_or_insert((from, to));
        (least.x, least.y) = (least.x.min(from.x), least.y.min(from.y));
        (most.x, most.y) = (most.x.max(to.x), most.y.max(to.y));
    }

    fn covers_around(&mut self, middle: Point, size: Point) {
        let half = size.scale(0.5);
        self.covers(middle.sub(half), middle.add(half));
    }

    fn finish(mut self, title: &str) -> String {
        let (least, most) = self.corner.unwrap_or((Point::zero(), Point::zero()));
        let head = room_for(&[title, ""], IN_TITLE);
        let legend = room_for(&[LEGEND], ON_STEPS);
        let (left, top) = (least.x - MARGIN, least.y - head.y - 2.0 * MARGIN);
        let width = (most.x - least.x).max(head.x).max(legend.x) + 2.0 * MARGIN;
        let height = most.y + MARGIN - top;
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"{left:.1} {top:.1} {width:.1} {height:.1}\">\n\
             <title>{}</title>\n{STYLE}\
             <rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"#fff\"/>\n",
            escaped(title)
        );
        let x = least.x;
        let _ = writeln!(
            self.texts,
            "<text x=\"{x:.1}\" y=\"{:.1}\" class=\"title\">{}</text>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" class=\"legend\">{LEGEND}</text>",
            top + MARGIN + IN_TITLE,
            escaped(title),
            top + MARGIN + 2.0 * IN_TITLE * LINE,
        );
        text + &self.arrows + &self.boxes + &self.texts + "</svg>\n"
    }
}

const STYLE: &str = "\
<defs><marker id=\"head\" markerWidth=\"9\" markerHeight=\"7\" refX=\"9\" refY=\"3.5\" orient=\"auto\">\
<path d=\"M 0 0 L 9 3.5 L 0 7 z\" fill=\"#555\"/></marker>
<marker id=\"back\" markerWidth=\"9\" markerHeight=\"7\" refX=\"0\" refY=\"3.5\" orient=\"auto\">\
<path d=\"M 9 0 L 0 3.5 L 9 7 z\" fill=\"#555\"/></marker></defs>
<style>
text { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; text-anchor: middle; }
.box { font-size: 11px; }
.step { font-size: 10px; fill: #222; stroke: #fff; stroke-width: 3px; paint-order: stroke; }
.title { font-size: 14px; font-weight: bold; text-anchor: start; }
.legend { font-size: 10px; fill: #555; text-anchor: start; }
path.step { fill: none; stroke: #555; stroke-width: 1.2px; }
rect.place, ellipse.place { stroke: #222; stroke-width: 1.2px; }
</style>
";

impl RenderBackend for Drawing {
    fn draw_rect(
        &mut self,
        xy: Point,
        size: Point,
        look: &StyleAttr,
        _: Option<String>,
        _: Option<ClipHandle>,
    ) {
        self.covers(xy, xy.add(size));
        self.in_box = true;
        let _ = writeln!(
            self.boxes,
            "<rect class=\"place\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"3\" fill=\"{}\"/>",
            xy.x,
            xy.y,
            size.x,
            size.y,
            colour(look)
        );
    }

    fn draw_line(&mut self, start: Point, stop: Point, _: &StyleAttr, _: Option<String>) {
        self.covers(start, start);
        self.covers(stop, stop);
        let (from, to) = (in_path(start), in_path(stop));
        let _ = writeln!(self.arrows, "<path class=\"step\" d=\"M {from} L {to}\"/>");
    }

    fn draw_circle(&mut self, xy: Point, size: Point, look: &StyleAttr, _: Option<String>) {
        self.covers_around(xy, size);
        self.in_box = true;
        let _ = writeln!(
            self.boxes,
            "<ellipse class=\"place\" cx=\"{:.1}\" cy=\"{:.1}\" rx=\"{:.1}\" ry=\"{:.1}\" fill=\"{}\"/>",
            xy.x,
            xy.y,
            size.x / 2.0,
            size.y / 2.0,
            colour(look)
        );
    }

    fn draw_text(&mut self, xy: Point, text: &str, _: &StyleAttr) {
        let (class, height) =
            if std::mem::take(&mut self.in_box) { ("box", IN_BOXES) } else { ("step", ON_STEPS) };
        let lines: Vec<&str> = text.lines().collect();
        let room = room_for(&lines, height);
        self.covers_around(xy, room);
        // Letters stand on their line, and reach down a little.
        let mut y = xy.y - room.y / 2.0 + height;
        let _ = write!(self.texts, "<text class=\"{class}\">");
        for line in lines {
            let _ = write!(
                self.texts,
                "<tspan x=\"{:.1}\" y=\"{y:.1}\">{}</tspan>",
                xy.x,
                escaped(line)
            );
            y += height * LINE;
        }
        self.texts += "</text>\n";
    }

    fn draw_arrow(
        &mut self,
        path: &[(Point, Point)],
        _: bool,
        (back, _): (bool, bool),
        _: &StyleAttr,
        _: Option<String>,
        _: &str,
    ) {
        let [(start, leaves), (arrives, next), rest @ ..] = path else { return };
        let mut drawn = format!(
            "M {} C {}, {}, {}",
            in_path(*start),
            in_path(*leaves),
            in_path(*arrives),
            in_path(*next)
        );
        for (arrives, next) in rest {
            let _ = write!(drawn, " S {}, {}", in_path(*arrives), in_path(*next));
        }
        for point in path.iter().flat_map(|(one, other)| [one, other]) {
            self.covers(*point, *point);
        }
        let head = if back { "marker-start=\"url(#back)\"" } else { "marker-end=\"url(#head)\"" };
        let _ = writeln!(self.arrows, "<path class=\"step\" {head} d=\"{drawn}\"/>");
    }

    fn create_clip(&mut self, _: Point, _: Point, _: usize) -> ClipHandle {
        0
    }
}

fn in_path(point: Point) -> String {
    format!("{:.1} {:.1}", point.x, point.y)
}

fn colour(look: &StyleAttr) -> String {
    look.fill_color.map_or_else(|| "none".to_owned(), |colour| colour.to_web_color())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
