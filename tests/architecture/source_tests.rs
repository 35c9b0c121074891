//! The reader of sources, on small ones.

use super::source::items::{DeclaredType, declared_types, visible_methods};
use super::source::paths::paths_in;
use super::source::tokens::tokens;
use super::source::without_test_modules;

/// The paths that the source of a module `a::b` names.
fn paths(source: &str) -> Vec<String> {
    paths_in(&["a".to_owned(), "b".to_owned()], &tokens(source)).into_iter().map(|path| path.join("::")).collect()
}

#[test]
fn each_branch_of_a_use_is_a_path() {
    assert_eq!(paths("use crate::x;"), ["x"]);
    assert_eq!(paths("use crate::x::Y; use crate::z::*;"), ["x::Y", "z::*"]);
    assert_eq!(paths("use crate::{x::{Y, z::{self, Z}}, v, w::W,};"), ["v", "w::W", "x::Y", "x::z", "x::z::Z"]);
    assert_eq!(paths("use crate::{\n    x::{\n        Y, // crate::no\n    },\n    z,\n};\nfn f() {}"), ["x::Y", "z"]);
    assert_eq!(paths("pub use crate::x::Y; pub(crate) use crate::z;"), ["x::Y", "z"]);
    assert_eq!(paths("#[cfg(unix)]\nuse crate::x::Y;\nfn f() { use crate::z; }"), ["x::Y", "z"]);
}

#[test]
fn paths_begin_at_the_module_or_above_it() {
    assert_eq!(paths("use self::x::Y; use super::z;"), ["a::b::x::Y", "a::z"]);
    assert_eq!(paths("use super::{x::Y, z}; use super::super::{c::D, e};"), ["a::x::Y", "a::z", "c::D", "e"]);
    assert_eq!(paths("use {super::x, crate::y::{self as z}};"), ["a::x", "y"]);
    assert_eq!(paths("use self::super::x; use super::{super::y, self as here};"), ["a", "a::x", "y"]);
    assert_eq!(paths("use super::super::super::x;"), [""; 0], "there is nothing above the root");
}

#[test]
fn a_path_in_the_code_counts_like_an_import() {
    assert_eq!(
        paths("fn f(x: crate::x::Y) -> Vec<super::z::Z> { super::super::v::w::<u8>(0..self::N) }"),
        ["a::b::N", "a::z::Z", "v::w", "x::Y"]
    );
    assert_eq!(paths("impl From<crate::x::Y> for Z { fn f(&self) { <crate::v::W as super::U>::t(); } }"), ["a::U", "v::W", "x::Y"]);
    assert_eq!(paths("macro_rules! m { () => { $crate::x::f!() }; }"), ["x::f"]);
    assert_eq!(paths("#[serde(with = \"crate::x\", rename = \"crate y\")] struct S; #[doc = \"crate::y\"] struct T;"), ["x"]);
}

#[test]
fn a_name_leads_where_it_was_imported_from() {
    assert_eq!(paths("use crate::x as y; fn f() { y::z::f(); }"), ["x", "x::z::f"]);
    assert_eq!(
        paths("use super::super::{c::{d, E as _}}; use d::F as G; fn f() { G::new(); d::g(); }"),
        ["c::E", "c::d", "c::d::F", "c::d::F::new", "c::d::g"]
    );
    assert_eq!(paths("mod x; pub use x::Y; fn f() { x::f(); }"), ["a::b::x::Y", "a::b::x::f"]);
    assert_eq!(paths("use crate as root; use root::x; fn f() { root::y::f(); }"), ["x", "y::f"]);
}

#[test]
fn an_inline_module_has_its_own_place_and_names() {
    assert_eq!(
        paths("mod x { use super::y; use crate::z; mod w { use super::super::v; } } use super::u;"),
        ["a::b::v", "a::b::y", "a::u", "z"]
    );
    assert_eq!(paths("use crate::x; mod y { fn f() { x::f(); super::x::g(); } }"), ["a::b::x::g", "x"]);
}

#[test]
fn other_crates_and_own_items_are_no_paths_into_this_crate() {
    assert_eq!(
        paths("use std::fmt; use ::x::Y; use {::v::W, axum::http}; fn f() { fmt::f(); ::crates::f(); Vec::<u8>::new(); Self::g(); }"),
        [""; 0]
    );
    assert_eq!(paths("use log::log; fn f() { log::x(); }"), [""; 0]);
    assert_eq!(paths("fn f(&self) -> impl Sized + use<'_, Self> { self.x.crate_::y() }"), [""; 0]);
    assert_eq!(paths("pub(in crate::x) fn f() {} pub(crate) struct S { pub(super) x: u8 }"), [""; 0], "how far an item is visible");
}

#[test]
fn comments_and_texts_are_no_code() {
    assert_eq!(paths("// use crate::x;\n/// [`crate::x`]\n//! crate::x::y\n/* crate::x /* use crate::x; */ crate::x */"), [""; 0]);
    assert_eq!(paths(r##"const A: &str = "use crate::x; \" crate::x::y"; const B: &[u8] = b"crate::x::y";"##), [""; 0]);
    assert_eq!(paths("const A: &str = r#\"crate::x::y \" // \"#; const B: char = '\"'; use crate::z; const C: char = '\\'';"), ["z"]);
    assert_eq!(
        paths("const A: &str = \"// /*\"; use crate::x; fn f<'a>(a: &'a str, b: char) -> bool { b == 'c' } use crate::y;"),
        ["x", "y"]
    );
    assert_eq!(paths("fn because() { let r#use = 1; reuse(\"x\"); } use crate::y;"), ["y"]);
}

#[test]
fn only_a_test_module_is_left_out() {
    let kept = |source: &str| without_test_modules(&tokens(source)).0.join(" ");
    assert_eq!(kept("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}"), "fn a ( ) { } fn c ( ) { }");
    assert_eq!(kept("#[cfg(all(test, unix))]\n#[allow(x)]\npub(crate) mod checks { mod y {} } const C: u8;"), "const C : u8 ;");
    for code in
        ["# [ cfg ( test ) ] use x ;", "# [ cfg ( not ( test ) ) ] mod x { }", "# [ cfg ( any ( test , y ) ) ] mod x { }", "mod tests { }"]
    {
        assert_eq!(kept(code), code);
    }
}

#[test]
fn modules_in_other_files_are_found() {
    let source = "#[cfg(test)]\nmod tests;\npub mod a; #[path = \"c.rs\"] #[cfg(test)] pub(super) mod b; mod d { pub(in crate::d) mod e; } #[x] fn f() {}";
    let found = without_test_modules(&tokens(source)).1;
    let found: Vec<_> = found.iter().map(|child| (child.module.join("::"), child.path.as_deref(), child.is_test)).collect();
    let found: Vec<_> = found.iter().map(|(module, path, is_test)| (module.as_str(), *path, *is_test)).collect();
    assert_eq!(found, [("tests", None, true), ("a", None, false), ("b", Some("c.rs"), true), ("d::e", None, false)]);
}

#[test]
fn each_kind_of_type_is_found_once() {
    let visible = |source: &str| {
        let tokens = tokens(source);
        declared_types(&tokens).iter().map(|DeclaredType { name, is_visible }| ((*name).to_owned(), *is_visible)).collect::<Vec<_>>()
    };
    let found = visible(
        "struct A; pub struct B<T>(T); pub(crate) enum Construct { Type { x: u8 } } pub(in crate::x) unsafe trait D<T>: Send {} type E<T> = F<T>;",
    );
    assert_eq!(found, [("A", false), ("B", true), ("Construct", true), ("D", true), ("E", false)].map(|(name, is)| (name.to_owned(), is)));
    let found =
        visible("impl Iterator for A { type Item = u8; fn f() { struct B; type C = u8; } } trait D { type E; } mod x { pub enum F {} }");
    assert_eq!(found, [("B", false), ("C", false), ("D", false), ("F", true)].map(|(name, is)| (name.to_owned(), is)));
    let found =
        visible("fn f() -> impl Sized { type A = u8; } #[derive(X)] struct B; // struct C;\nconst D: &str = \"struct E;\"; struct r#F {}");
    assert_eq!(found, [("A", false), ("B", false), ("r#F", false)].map(|(name, is)| (name.to_owned(), is)));
}

#[test]
fn visible_methods_take_self() {
    let source = "pub fn a(&self) {} pub(super) async fn b<F: Fn(u8) -> u8>(&'a mut self, f: F) {} pub const fn c(mut self: Box<Self>) {}
        fn d(&self) {} pub fn e(other: &Self) {} pub fn f() {} pub(crate) fn g(\n        &mut self,\n    ) {} // pub fn h(self)";
    assert_eq!(Vec::from_iter(visible_methods(&tokens(source))), ["a", "b", "c", "g"]);
}
