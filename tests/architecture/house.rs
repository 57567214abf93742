//! The source tree as it stands: its files, and which of them imports which.
//!
//! Read with `syn`, so that an arrow is what the compiler sees: every `use`, and every path in the code that begins with
//! `crate`, `super`, `self` or an imported module. A name that a file only hands on (`pub use`) leads to the file that
//! defines it, so a `mod.rs` that declares and re-exports ties nothing together. Tests inside files do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::Span;
use syn::visit::{self, Visit};

/// Path of a module: `["decode", "pack", "manifest"]`.
pub type Module = Vec<String>;

/// A source file.
pub struct Source {
    /// What it defines.
    pub module: Module,
    /// Where it is, below `src/`.
    pub path: String,
    /// Its text.
    pub text: String,
    tree: syn::File,
}

/// A function with the number of lines from `fn` to its closing brace.
pub struct Function {
    pub name: String,
    pub lines: usize,
}

/// All files and the arrows between them.
pub struct House {
    pub files: Vec<Source>,
    /// importing module → imported module → the names taken.
    pub arrows: BTreeMap<Module, BTreeMap<Module, BTreeSet<String>>>,
}

/// The folder `src/`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

impl House {
    /// Reads it.
    pub fn read() -> Self {
        let mut paths = Vec::new();
        sources_below(&root(), &mut paths);
        let files: Vec<Source> = paths.iter().map(|path| Source::read(path)).collect();
        let map = Map::of(&files);
        let mut arrows = BTreeMap::new();
        for file in &files {
            arrows.insert(file.module.clone(), map.arrows_of(file));
        }
        Self { files, arrows }
    }

    /// The file of a module.
    pub fn path_of(&self, module: &Module) -> &str {
        let file = self.files.iter().find(|file| file.module == *module);
        file.map_or("?", |file| file.path.as_str())
    }

    /// Sets of files that import one another in a circle, each with the names that tie it.
    pub fn circles(&self) -> Vec<String> {
        let reach: BTreeMap<&Module, BTreeSet<&Module>> =
            self.arrows.keys().map(|from| (from, self.reached_from(from))).collect();
        let mut told = BTreeSet::new();
        let mut circles = Vec::new();
        for from in self.arrows.keys().filter(|from| reach[from].contains(*from)) {
            let circle: BTreeSet<&Module> =
                reach[from].iter().filter(|to| reach[**to].contains(from)).copied().collect();
            if told.insert(circle.clone()) {
                circles.push(self.ties(&circle));
            }
        }
        circles
    }

    fn reached_from<'a>(&'a self, from: &Module) -> BTreeSet<&'a Module> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&Module> = self.arrows[from].keys().collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(self.arrows[module].keys());
            }
        }
        reached
    }

    fn ties(&self, circle: &BTreeSet<&Module>) -> String {
        let mut text = String::new();
        for from in circle {
            for (to, names) in self.arrows[*from].iter().filter(|(to, _)| circle.contains(to)) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                text +=
                    &format!("\n  {} → {}: {}", from.join("::"), to.join("::"), names.join(", "));
            }
        }
        text
    }
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the source tree can be read");
        let tree = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let below = path.strip_prefix(root()).expect("it is below src/");
        let path = below.to_string_lossy().replace('\\', "/");
        let mut module: Module =
            path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if ["mod", "lib", "main"].contains(&module.last().map_or("", String::as_str)) {
            module.pop();
        }
        Self { module, path, text, tree }
    }

    /// The room that it is in: a folder or file directly below `src/`; empty for `lib.rs`.
    pub fn room(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    /// Its functions, tests left out.
    pub fn functions(&self) -> Vec<Function> {
        let mut found = Functions::default();
        found.visit_file(&self.tree);
        found.0
    }
}

fn sources_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the source tree can be read")
        .map(|entry| entry.expect("the source tree can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources_below(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("main.rs") {
            found.push(path);
        }
    }
}

/// Every module that has a file, and what files hand on.
struct Map {
    modules: BTreeSet<Module>,
    /// A name as it is seen → where it comes from.
    handed_on: BTreeMap<Module, Module>,
}

impl Map {
    fn of(files: &[Source]) -> Self {
        let modules = files.iter().map(|file| file.module.clone()).collect();
        let mut map = Self { modules, handed_on: BTreeMap::new() };
        for file in files {
            for import in imports_of(&file.tree).into_iter().filter(|import| import.is_public) {
                let Some(from) = map.absolute(&import.path, &file.module) else { continue };
                let seen_as = file.module.iter().cloned().chain([import.name]).collect();
                map.handed_on.insert(seen_as, from);
            }
        }
        map
    }

    fn arrows_of(&self, file: &Source) -> BTreeMap<Module, BTreeSet<String>> {
        let imports = imports_of(&file.tree);
        let mut near: BTreeMap<String, Module> = BTreeMap::new();
        for import in &imports {
            if let Some(to) = self.absolute(&import.path, &file.module)
                && self.modules.contains(&to)
            {
                near.insert(import.name.clone(), to);
            }
        }
        let mut paths: Vec<Module> = imports
            .into_iter()
            .filter(|import| !import.is_public)
            .filter_map(|import| self.absolute(&import.path, &file.module))
            .collect();
        let mut named = Paths::default();
        named.visit_file(&file.tree);
        for path in named.0 {
            let through = near
                .get(&path[0])
                .map(|to| to.iter().chain(&path[1..]).cloned().collect::<Module>());
            paths.extend(through.or_else(|| self.absolute(&path, &file.module)));
        }
        let mut arrows: BTreeMap<Module, BTreeSet<String>> = BTreeMap::new();
        for path in paths {
            if let Some((to, name)) = self.definer(path)
                && to != file.module
            {
                arrows.entry(to).or_default().insert(name);
            }
        }
        arrows
    }

    /// From the crate's root; `None` for what is of another crate.
    fn absolute(&self, path: &[String], here: &Module) -> Option<Module> {
        let own = || {
            let child: Module = here.iter().chain(&path[..1]).cloned().collect();
            self.modules.contains(&child).then(|| [&child[..], &path[1..]].concat())
        };
        let ups = path.iter().take_while(|part| *part == "super").count();
        match path[0].as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([here, &path[1..]].concat()),
            "super" => {
                let base = here.len().checked_sub(ups)?;
                Some([&here[..base], &path[ups..]].concat())
            }
            _ => own(),
        }
    }

    /// The file that defines what a path ends in, and the name; `None` where the path only names a module: what is
    /// used of it counts.
    fn definer(&self, mut path: Module) -> Option<(Module, String)> {
        for _ in 0..8 {
            let length = (1..=path.len()).rev().find(|n| {
                self.modules.contains(&path[..*n]) || self.handed_on.contains_key(&path[..*n])
            })?;
            let (head, rest) = path.split_at(length);
            if self.modules.contains(head) {
                return rest.first().map(|name| (head.to_vec(), name.clone()));
            }
            path = [&self.handed_on[head][..], rest].concat();
        }
        None
    }
}

/// One name that a `use` brings.
struct Import {
    path: Module,
    name: String,
    is_public: bool,
}

fn imports_of(tree: &syn::File) -> Vec<Import> {
    let mut found = Imports::default();
    found.visit_file(tree);
    found.0
}

#[derive(Default)]
struct Imports(Vec<Import>);

impl Imports {
    fn take(&mut self, tree: &syn::UseTree, before: &[String], is_public: bool) {
        let mut add = |path: Module, name: String| {
            self.0.push(Import { path, name, is_public });
        };
        match tree {
            syn::UseTree::Path(part) => {
                let before = [before, &[part.ident.to_string()]].concat();
                self.take(&part.tree, &before, is_public);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.take(tree, before, is_public));
            }
            syn::UseTree::Name(last) if last.ident == "self" => {
                add(before.to_vec(), before.last().cloned().unwrap_or_default());
            }
            syn::UseTree::Name(last) => {
                add([before, &[last.ident.to_string()]].concat(), last.ident.to_string());
            }
            syn::UseTree::Rename(last) => {
                add([before, &[last.ident.to_string()]].concat(), last.rename.to_string());
            }
            syn::UseTree::Glob(_) => add([before, &["*".to_owned()]].concat(), "*".to_owned()),
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.take(&item.tree, &[], !matches!(item.vis, syn::Visibility::Inherited));
    }
}

/// Every path in the code with more than one part.
#[derive(Default)]
struct Paths(Vec<Module>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.0.push(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

#[derive(Default)]
struct Functions(Vec<Function>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let last = Span::end(&block.brace_token.span.close()).line;
        self.0.push(Function { name: signature.ident.to_string(), lines: last + 1 - first });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.add(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}
