//! Pages are well-formed, complete, escaped, bounded, and stand alone.

use roxmltree::{Document, Node, ParsingOptions};

use super::*;
use crate::plot::curves;

const EVIL: &str = "<script src=\"http://example.org/x.js\">&'\u{0}\u{b}]]></script></title></style>";

fn table(rows: usize) -> Table {
    Table {
        title: "Scores".into(),
        columns: ["method", "error", "words"].map(String::from).to_vec(),
        rows: (0..rows).map(|i| vec![format!("m{i}"), format!("{i}.5 ± 0.1 %"), "a b".to_owned()]).collect(),
        best: Some(1),
        note: "mean".into(),
        collapsed: false,
    }
}

fn report(text: &str, rows: usize) -> Report {
    let chart = curves(text, text, text, &[(text.to_owned(), vec![(0.0, 1.0), (1.0, 2.0)])]);
    let history = Table { collapsed: true, best: None, title: format!("History {text}"), ..table(rows) };
    let named = Table { title: text.into(), rows: vec![vec![text.to_owned(); 3]; 2], note: text.into(), ..table(0) };
    Report {
        title: text.into(),
        facts: vec![("command".into(), text.into()), (text.into(), "1".into())],
        tables: vec![history, table(rows), named],
        figures: vec![Figure { chart: chart.clone(), note: text.into() }, Figure { chart, note: String::new() }],
    }
}

fn parse(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}"))
}

fn all<'a>(document: &'a Document<'_>, name: &'static str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.tag_name().name() == name).collect()
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|node| node.is_text().then(|| node.text()).flatten()).collect()
}

#[test]
fn a_page_holds_all_that_is_in_the_report() {
    let page = html(&report("airfoil", 3));
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    let document = parse(&page);
    assert_eq!(text(all(&document, "h1")[0]), "airfoil");
    let facts: Vec<String> = all(&document, "dt").into_iter().chain(all(&document, "dd")).map(text).collect();
    assert_eq!(facts, ["command", "airfoil", "airfoil", "1"]);
    let tables = all(&document, "table");
    assert_eq!(tables.len(), 3);
    // The open ones first, in their order; the collapsed one last, within <details>.
    let rows = |i: usize| {
        tables[i]
            .descendants()
            .filter(|node| node.has_tag_name("tr"))
            .map(|row| text(row).trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(0), ["methoderrorwords", "m00.5 ± 0.1 %a b", "m11.5 ± 0.1 %a b", "m22.5 ± 0.1 %a b"]);
    let closed = |i: usize| tables[i].ancestors().any(|node| node.has_tag_name("details"));
    assert_eq!([0, 1, 2].map(closed), [false, false, true]);
    assert_eq!(text(all(&document, "summary")[0]), "History airfoil (3 rows)");
    // Tables scroll within boxes that a keyboard reaches.
    assert!(tables.iter().all(|table| {
        let parent = table.parent().unwrap();
        parent.attribute("class") == Some("box") && parent.attribute("tabindex") == Some("0")
    }));
    // Only numbers are at the right; the best row is set off.
    let classes: Vec<_> =
        tables[0].descendants().filter(|n| n.has_tag_name("td")).map(|n| n.attribute("class")).collect();
    assert_eq!(classes[..2], [Some("n"), None]);
    let best = tables[0].descendants().filter(|n| n.attribute("class") == Some("best")).map(text).collect::<Vec<_>>();
    assert_eq!(best, ["m11.5 ± 0.1 %a b"]);
    let images = all(&document, "svg");
    assert_eq!(images.len(), 2);
    for image in images {
        assert_eq!(image.attribute("role"), Some("img"));
        assert!(image.attribute("viewBox").is_some() && image.attribute("width").is_none());
        assert_eq!(
            image.first_element_child().map(|node| (node.tag_name().name(), text(node))),
            Some(("title", "airfoil".into()))
        );
    }
    assert_eq!(all(&document, "figcaption").len(), 1);
    let metas: Vec<_> = all(&document, "meta").iter().filter_map(|node| node.attribute("name")).collect();
    assert!(metas.contains(&"viewport") && metas.contains(&"color-scheme"));
}

#[test]
fn a_page_is_well_formed_and_asks_for_nothing_whatever_the_texts() {
    for (words, rows) in [("plain", 2), (EVIL, 2), ("", 0), ("中文 ünïcödé", 1)] {
        let page = html(&report(words, rows));
        let document = parse(&page);
        for node in document.descendants().filter(|node| node.is_element()) {
            assert!(!["script", "link", "img", "iframe", "image", "use", "base"].contains(&node.tag_name().name()));
            for attribute in node.attributes() {
                assert!(
                    !["src", "href", "srcset", "style", "onload", "action"].contains(&attribute.name()),
                    "{attribute:?}"
                );
                let inert = attribute.name() == "aria-label" || !attribute.value().contains("http");
                assert!(inert, "{attribute:?}");
            }
        }
        let style = text(all(&document, "style")[0]);
        assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("http"));
        assert!(style.contains("prefers-color-scheme: dark"));
        // The words are there, as words.
        let expected = crate::plot::text::clean(words, 2000);
        assert_eq!(text(all(&document, "h1")[0]), expected);
        assert!(all(&document, "td").iter().filter(|node| text(**node) == expected).count() >= 4);
    }
    parse(&html(&Report::default()));
    // Without hostile texts nothing looks like an address at all.
    let page = html(&report("plain", 3));
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src="));
}

#[test]
fn long_tables_are_thinned_and_wide_ones_cut() {
    let page = html(&Report { tables: vec![table(123_457)], ..Report::default() });
    assert!(page.len() < 100_000, "{}", page.len());
    let document = parse(&page);
    assert_eq!(all(&document, "tr").len(), 501);
    assert!(page.contains("500 of 123457 rows, evenly spaced.") && page.contains(">m0<") && page.contains(">m123456<"));
    for count in [0, 1, 2, 499, 500, 501, 1000, 1_000_003] {
        let shown = page::shown(count);
        assert_eq!(shown.len(), count.min(500));
        assert!(shown.windows(2).all(|pair| pair[0] < pair[1]), "{count}");
        assert!(count == 0 || (shown[0], shown[shown.len() - 1]) == (0, count - 1), "{count}");
    }
    let wide = Table { rows: vec![vec!["1".into(); 500], vec![]], ..table(0) };
    let page = html(&Report { tables: vec![wide], ..Report::default() });
    let document = parse(&page);
    assert!(all(&document, "tr").iter().all(|row| row.children().filter(|node| node.is_element()).count() == 60));
    assert!(page.contains("60 of 500 columns."));
    let long =
        Report { title: "x".repeat(1_000_000), facts: vec![("f".into(), "y".repeat(1_000_000))], ..Report::default() };
    assert!(html(&long).len() < 20_000);
}

#[test]
fn a_page_is_written_and_a_file_that_cannot_be_is_named() {
    let path = std::env::temp_dir().join(format!("gaussling-report-{}.html", std::process::id()));
    report("t", 1).write(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), html(&report("t", 1)));
    std::fs::remove_file(path).unwrap();
    let path = std::env::temp_dir().join("gaussling-no-such-folder").join("report.html");
    let error = report("t", 1).write(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: cannot be written: ", path.display())), "{error}");
}
