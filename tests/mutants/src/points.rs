//! Where a file can be mutated, and how: the operators of cargo-mutants.
//!
//! What stands in a constant context (`const fn`, lengths of arrays, statics), in a pattern or in a macro cannot be chosen at run time
//! and is no point. Operands are evaluated once, in the order and as often as in the source; `&&` and `||` stay lazy.

use std::collections::BTreeMap;
use std::ops::Range;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Pat, ReturnType, Type, UnOp};

use crate::rewrite::{Edit, Piece};

/// One wrong program.
pub struct Mutant {
    pub id: usize,
    /// The first mutant of its point, which stands for the point.
    pub point: usize,
    pub file: String,
    pub line: usize,
    pub function: String,
    pub mutation: String,
    /// The source of the point, or its beginning; with a number from the second time on that a function has the same there.
    pub code: String,
}

/// Adds the mutants of a file to `mutants` and returns its edits.
pub fn find(file: &str, source: &str, mutants: &mut Vec<Mutant>) -> Result<Vec<Edit>, String> {
    let tree = syn::parse_file(source).map_err(|e| format!("{file}: {e}"))?;
    let mut finder = Finder { file, source, mutants, edits: Vec::new(), function: Vec::new() };
    let first = finder.mutants.len();
    finder.visit_file(&tree);
    let edits = finder.edits;
    // Names are unique: the second mutant of a name gets a number.
    let mut seen = BTreeMap::new();
    for m in &mut mutants[first..] {
        let count = seen.entry((m.function.clone(), m.mutation.clone(), m.code.clone())).or_insert(0);
        *count += 1;
        if *count > 1 {
            m.code += &format!(" ({count})");
        }
    }
    Ok(edits)
}

/// The modules that are there for tests alone, in files of their own.
pub fn test_modules(source: &str) -> Vec<String> {
    let items = syn::parse_file(source).map_or(vec![], |file| file.items);
    let name = |item| match item {
        syn::Item::Mod(m) if is_test(&m.attrs) && m.content.is_none() => Some(m.ident.to_string()),
        _ => None,
    };
    items.into_iter().filter_map(name).collect()
}

struct Finder<'a> {
    file: &'a str,
    source: &'a str,
    mutants: &'a mut Vec<Mutant>,
    edits: Vec<Edit>,
    /// The types, traits and functions around.
    function: Vec<String>,
}

impl Finder<'_> {
    fn text(&self, of: &impl Spanned) -> &str {
        &self.source[of.span().byte_range()]
    }

    /// The number of a new mutant at `place`. `point` is 0 for the first one of a point.
    fn mutant(&mut self, point: usize, place: &impl Spanned, mutation: String) -> usize {
        let id = self.mutants.len() + 1;
        let code = self.text(place).split_whitespace().collect::<Vec<_>>().join(" ");
        self.mutants.push(Mutant {
            id,
            point: if point == 0 { id } else { point },
            file: self.file.into(),
            line: place.span().start().line,
            function: self.function.join("::"),
            mutation,
            code: code.chars().take(100).collect(),
        });
        id
    }

    /// `before` and `match at(first) { arms…, _ => ` `original` `} after`; an arm is a mutation and its text.
    fn point(
        &mut self,
        place: &impl Spanned,
        range: Range<usize>,
        before: Vec<Piece>,
        arms: Vec<(String, String)>,
        original: Vec<Piece>,
        after: &str,
    ) {
        let first = self.mutants.len() + 1;
        let mut pieces = before;
        pieces.push(Piece::Text(format!("match crate::mutants::at({first}) {{ ")));
        for (i, (mutation, text)) in arms.into_iter().enumerate() {
            let id = self.mutant(if i == 0 { 0 } else { first }, place, mutation);
            pieces.push(Piece::Arm(id, text));
        }
        pieces.push(Piece::Text("_ => ".into()));
        pieces.extend(original);
        pieces.push(Piece::Text(format!(" }}{after}")));
        self.edits.push(Edit { range, pieces });
    }

    fn body(&mut self, output: &ReturnType, block: &Block) {
        let own = self.text(block).split_whitespace().collect::<String>();
        let values = match output {
            ReturnType::Default => vec!["()".into()],
            ReturnType::Type(_, ty) => values(ty),
        };
        let arms: Vec<_> = values
            .into_iter()
            .filter(|value| own != format!("{{{value}}}") && own != "{}")
            .map(|value| (format!("replace body with {value}"), format!("return {value}")))
            .collect();
        if !arms.is_empty() {
            let inside = block.brace_token.span.open().byte_range().end;
            self.point(block, inside..inside, vec![], arms, vec![Piece::Text("{}".into())], "");
        }
    }

    /// A function with what is in it.
    fn function(
        &mut self,
        sig: &syn::Signature,
        attrs: &[syn::Attribute],
        block: &Block,
        visit: impl FnOnce(&mut Self),
    ) {
        if sig.constness.is_some() || is_test(attrs) {
            return;
        }
        self.function.push(sig.ident.to_string());
        if sig.ident != "default" {
            self.body(&sig.output, block);
        }
        visit(self);
        self.function.pop();
    }

    fn binary(&mut self, e: &syn::ExprBinary) {
        let op = e.op.to_token_stream().to_string();
        let (left, right) = (e.left.span().byte_range(), e.right.span().byte_range());
        let range = left.start..right.end;
        let source = |range: Range<usize>| Piece::Source(range);
        let text = |text: &str| Piece::Text(text.into());
        match e.op {
            BinOp::And(_) | BinOp::Or(_) => {
                if has_let(&e.left) || has_let(&e.right) {
                    return;
                }
                let (other, test) = if op == "&&" { ("||", "!=") } else { ("&&", "==") };
                // l && b is `if l { b } else { l }`, l || b is `if !l { b } else { l }`.
                let id = self.mutant(0, e, format!("replace {op} with {other}"));
                let pieces = vec![
                    text("(match "),
                    source(left),
                    text(" { l_ => if l_ "),
                    text(&format!("{test} (match crate::mutants::at({id}) {{ ")),
                    Piece::Arm(id, "true".into()),
                    text("_ => false }) { "),
                    source(right),
                    text(" } else { l_ } })"),
                ];
                self.edits.push(Edit { range, pieces });
            }
            _ => {
                let assigns = op.len() > 1 && op.ends_with('=') && !matches!(op.as_str(), "==" | "!=" | "<=" | ">=");
                let compares = matches!(op.as_str(), "==" | "!=" | "<" | "<=" | ">" | ">=");
                let names = |l: &str, op: &str| if compares { format!("*l_ {op} *r_") } else { format!("{l} {op} r_") };
                let target = if assigns { self.source[left.clone()].to_string() } else { "l_".into() };
                let arms = others(&op)
                    .iter()
                    .map(|other| (format!("replace {op} with {other}"), names(&target, other)))
                    .collect();
                let (before, original) = if assigns {
                    (
                        vec![text("(match "), source(right), text(" { r_ => ")],
                        vec![source(left), Piece::Text(format!(" {op} r_"))],
                    )
                } else {
                    let (open, comma) = if compares { ("(match (&(", "), &(") } else { ("(match ((", "), (") };
                    let before = vec![text(open), source(left), text(comma), source(right), text(")) { (l_, r_) => ")];
                    (before, vec![Piece::Text(names("l_", &op))])
                };
                self.point(e, range, before, arms, original, " })");
            }
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        self.function(&f.sig, &f.attrs, &f.block, |finder| visit::visit_block(finder, &f.block));
    }

    fn visit_impl_item_fn(&mut self, f: &'ast syn::ImplItemFn) {
        self.function(&f.sig, &f.attrs, &f.block, |finder| visit::visit_block(finder, &f.block));
    }

    fn visit_trait_item_fn(&mut self, f: &'ast syn::TraitItemFn) {
        if let Some(block) = &f.default {
            self.function(&f.sig, &f.attrs, block, |finder| visit::visit_block(finder, block));
        }
    }

    fn visit_item_impl(&mut self, i: &'ast syn::ItemImpl) {
        if is_test(&i.attrs) {
            return;
        }
        let of = i.trait_.as_ref().map(|(_, path, _)| last(path) + " for ").unwrap_or_default();
        let ty = if let Type::Path(p) = &*i.self_ty { last(&p.path) } else { self.text(&i.self_ty).to_string() };
        self.function.push(of + &ty);
        visit::visit_item_impl(self, i);
        self.function.pop();
    }

    fn visit_item_trait(&mut self, t: &'ast syn::ItemTrait) {
        self.function.push(t.ident.to_string());
        visit::visit_item_trait(self, t);
        self.function.pop();
    }

    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        if !is_test(&m.attrs) {
            visit::visit_item_mod(self, m);
        }
    }

    fn visit_expr_binary(&mut self, e: &'ast syn::ExprBinary) {
        self.binary(e);
        visit::visit_expr_binary(self, e);
    }

    fn visit_expr_unary(&mut self, e: &'ast syn::ExprUnary) {
        if let (UnOp::Not(_) | UnOp::Neg(_), range) = (e.op, e.span().byte_range()) {
            let op = self.text(&e.op).to_string();
            let before = vec![
                Piece::Text("(match ".into()),
                Piece::Source(e.expr.span().byte_range()),
                Piece::Text(" { v_ => ".into()),
            ];
            let arms = vec![(format!("delete {op}"), "v_".into())];
            self.point(e, range, before, arms, vec![Piece::Text(op + "v_")], " })");
        }
        visit::visit_expr_unary(self, e);
    }

    fn visit_expr_match(&mut self, e: &'ast syn::ExprMatch) {
        let wildcard = |arm: &syn::Arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none();
        let deletable = e.arms.iter().any(wildcard);
        for arm in &e.arms {
            let mut pieces = Vec::new();
            let end = arm.pat.span().byte_range().end;
            let guard = arm.guard.as_ref().map(|(_, guard)| guard).filter(|guard| !has_let(guard));
            if deletable && !wildcard(arm) && (arm.guard.is_none() || guard.is_some()) {
                let id = self.mutant(0, &arm.pat, "delete match arm".into());
                pieces.push(Piece::Text(format!("(match crate::mutants::at({id}) {{ ")));
                pieces.push(Piece::Arm(id, "false".into()));
                pieces.push(Piece::Text("_ => true })".into()));
            }
            if let Some(guard) = guard {
                pieces.extend((!pieces.is_empty()).then(|| Piece::Text(" && ".into())));
                let range = guard.span().byte_range();
                pieces.push(Piece::Text("(".into()));
                let arms = ["true", "false"].map(|to| (format!("replace match guard with {to}"), to.into())).into();
                self.point(&**guard, range.clone(), pieces, arms, vec![Piece::Source(range)], ")");
            } else if !pieces.is_empty() {
                pieces.insert(0, Piece::Text(" if ".into()));
                self.edits.push(Edit { range: end..end, pieces });
            }
        }
        visit::visit_expr_match(self, e);
    }

    fn visit_expr_struct(&mut self, e: &'ast syn::ExprStruct) {
        if e.rest.is_some() && !e.fields.is_empty() {
            let range = e.span().byte_range();
            let arms = e.fields.pairs().map(|pair| {
                let mut field = pair.span().byte_range();
                field.end += usize::from(!self.source[field.clone()].ends_with(',')); // before ..rest there is a comma
                let name = pair.value().member.to_token_stream();
                let text = [&self.source[range.start..field.start], &self.source[field.end..range.end]].concat();
                (format!("delete field {name}"), text)
            });
            let arms = arms.collect();
            self.point(e, range.clone(), vec![Piece::Text("(".into())], arms, vec![Piece::Source(range)], ")");
        }
        visit::visit_expr_struct(self, e);
    }

    fn visit_expr_repeat(&mut self, e: &'ast syn::ExprRepeat) {
        self.visit_expr(&e.expr);
    }
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_angle_bracketed_generic_arguments(&mut self, _: &'ast syn::AngleBracketedGenericArguments) {}
}

fn last(path: &syn::Path) -> String {
    path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default()
}

fn is_test(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|a| matches!(a.to_token_stream().to_string().as_str(), "# [cfg (test)]" | "# [test]"))
}

fn has_let(e: &Expr) -> bool {
    match e {
        Expr::Let(_) => true,
        Expr::Binary(b) => has_let(&b.left) || has_let(&b.right),
        _ => false,
    }
}

/// What a binary operator is taken for.
fn others(op: &str) -> &'static [&'static str] {
    match op {
        "==" => &["!="],
        "!=" => &["=="],
        "<" => &["==", ">", "<="],
        ">" => &["==", "<", ">="],
        "<=" => &[">"],
        ">=" => &["<"],
        "+" => &["-", "*"],
        "-" => &["+", "/"],
        "*" => &["+", "/"],
        "/" => &["%", "*"],
        "%" => &["/", "+"],
        "<<" => &[">>"],
        ">>" => &["<<"],
        "&" => &["|", "^"],
        "|" => &["&", "^"],
        "^" => &["|", "&"],
        "+=" => &["-=", "*="],
        "-=" => &["+=", "/="],
        "*=" => &["+=", "/="],
        "/=" => &["%=", "*="],
        "%=" => &["/=", "+="],
        "<<=" => &[">>="],
        ">>=" => &["<<="],
        "&=" => &["|=", "^="],
        "|=" => &["&=", "^="],
        "^=" => &["|=", "&="],
        _ => &[],
    }
}

/// Values that a function of this type might return without having computed anything. Some may not compile.
fn values(ty: &Type) -> Vec<String> {
    let texts = |texts: &[&str]| texts.iter().map(|&t| t.to_string()).collect();
    match ty {
        Type::Tuple(t) => {
            let elements: Vec<_> = t.elems.iter().map(values).collect();
            let most = elements.iter().map(Vec::len).max().unwrap_or(1);
            if elements.iter().any(Vec::is_empty) {
                return vec![];
            }
            let pick = |i: usize| elements.iter().map(|e| e[i % e.len()].clone()).collect::<Vec<_>>().join(",");
            (0..most).map(|i| format!("({})", pick(i))).collect()
        }
        Type::Array(a) => {
            let n = a.len.to_token_stream();
            values(&a.elem).into_iter().map(|v| format!("[{v};{n}]")).collect()
        }
        Type::Reference(r) if matches!(*r.elem, Type::Slice(_)) => {
            texts(if r.mutability.is_some() { &["&mut[]"] } else { &["&[]"] })
        }
        Type::Path(p) => {
            let Some(segment) = p.path.segments.last() else { return vec![] };
            let inner = || match &segment.arguments {
                syn::PathArguments::AngleBracketed(args) => match args.args.first() {
                    Some(syn::GenericArgument::Type(ty)) => values(ty),
                    _ => vec![],
                },
                _ => vec!["()".into()], // fmt::Result
            };
            let name = segment.ident.to_string();
            match name.as_str() {
                "bool" => texts(&["true", "false"]),
                "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => texts(&["0", "1"]),
                "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => texts(&["0", "1", "-1"]),
                "f32" | "f64" => texts(&["0.0", "1.0", "-1.0"]),
                "Option" => {
                    std::iter::once("None".into()).chain(inner().iter().map(|v| format!("Some({v})"))).collect()
                }
                "Result" => inner().iter().map(|v| format!("Ok({v})")).collect(),
                _ if name.len() == 1 || name == "Self" => ["ZERO", "ONE"]
                    .iter()
                    .map(|c| format!("{name}::{c}"))
                    .chain([format!("-{name}::ONE"), "Default::default()".into()])
                    .collect(),
                _ => texts(&["Default::default()"]),
            }
        }
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::Rewritten;

    fn mutations(source: &str) -> Vec<String> {
        let mut mutants = Vec::new();
        find("f.rs", source, &mut mutants).unwrap();
        mutants.into_iter().map(|m| format!("{} {}: {}", m.line, m.function, m.mutation)).collect()
    }

    #[test]
    fn what_is_constant_a_pattern_or_a_test_is_no_point() {
        let source =
            "const fn f() -> usize { 1 + 2 } const C: i32 = -1; static S: usize = 1 + 2; struct A([u8; 1 + 2]);
            #[cfg(test)] mod tests { fn g() -> bool { 1 < 2 } } fn h(x: i8) { if let -1 = x {} let y = [0; 1 + 2]; }";
        assert_eq!(mutations(source), ["2 h: replace body with ()"]);
    }

    #[test]
    fn modules_of_tests_are_known() {
        assert_eq!(test_modules("mod a; #[cfg(test)] mod b; #[cfg(test)] mod c { mod d; }"), ["b"]);
    }

    #[test]
    fn every_kind_of_point() {
        let source = "impl T for S<i8> { fn f(&self, a: f64) -> Result<bool, E> {
            match a { 1.0 if -a > 0.0 => x += 1, 2.0 => (), _ => () }
            let b = Self { c: !d, ..e } && f;
        } }";
        let expected = [
            "1 T for S::f: replace body with Ok(true)",
            "1 T for S::f: replace body with Ok(false)",
            "2 T for S::f: delete match arm",
            "2 T for S::f: replace match guard with true",
            "2 T for S::f: replace match guard with false",
            "2 T for S::f: delete match arm",
            "2 T for S::f: replace > with ==",
            "2 T for S::f: replace > with <",
            "2 T for S::f: replace > with >=",
            "2 T for S::f: delete -",
            "2 T for S::f: replace += with -=",
            "2 T for S::f: replace += with *=",
            "3 T for S::f: replace && with ||",
            "3 T for S::f: delete field c",
            "3 T for S::f: delete !",
        ];
        assert_eq!(mutations(source), expected);
    }

    #[test]
    fn the_rewritten_source_is_rust_and_letters_of_any_length_do_not_shift_it() {
        let source = "fn f() { let σ = \"Δ\"; if α(σ) + 1 < 2 && β || γ { δ -= 1 * 2; } else { A { b: 1, ..c } } }";
        let edits = find("f.rs", source, &mut Vec::new()).unwrap();
        let text = Rewritten::new(source, &edits, &[].into()).text;
        syn::parse_file(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert!(text.contains("(match ((1), (2)) { (l_, r_) =>"), "{text}");
        assert!(text.contains("A {  ..c }"), "{text}");
    }
}
