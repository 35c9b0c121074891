//! The tokens of a source, which are all that the tests need of its syntax.

/// Splits a source into words, texts and signs, and leaves comments out. A text begins with `"`, however it is quoted.
pub(crate) fn tokens(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some((text, length)) = quoted(rest) {
            found.push(format!("\"{text}"));
            length
        } else {
            let length = match rest.strip_prefix("r#").unwrap_or(rest) {
                name if is_word(name) => rest.len() - name.trim_start_matches(is_part_of_word).len(),
                _ if rest.starts_with("::") || rest.starts_with("..") => 2,
                _ => first.len_utf8(),
            };
            found.push(rest[..length].to_owned());
            length
        };
        rest = &rest[length..];
    }
    found
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a token is a name or a keyword. Numbers count too; no path begins with one.
pub(crate) fn is_word(token: &str) -> bool {
    token.starts_with(is_part_of_word)
}

/// The length of the block comment at the beginning of a text. They nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(next) = text[at..].find(['/', '*']) {
        at += next;
        match text.get(at..at + 2) {
            Some("/*") => depth += 1,
            Some("*/") => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The content of the string or character at the beginning of a text, and its length with its quotes.
fn quoted(text: &str) -> Option<(&str, usize)> {
    let body = text.strip_prefix(['b', 'c']).unwrap_or(text);
    let raw = body.strip_prefix('r').and_then(|raw| raw.trim_start_matches('#').strip_prefix('"'));
    let hashes = raw.map_or(0, |inside| body.len() - inside.len() - "r\"".len());
    let (inside, length) = if let Some(inside) = raw {
        (inside, inside.find(&format!("\"{}", "#".repeat(hashes)))?)
    } else if let Some(inside) = body.strip_prefix('"') {
        (inside, unescaped(inside, '"')?)
    } else {
        // What begins with a quote and isn't a character is a lifetime.
        let inside = body.strip_prefix('\'')?;
        let is_character = inside.starts_with('\\') || inside.chars().nth(1) == Some('\'');
        (inside, unescaped(inside, '\'').filter(|_| is_character)?)
    };
    Some((&inside[..length], text.len() - inside.len() + length + 1 + hashes))
}

/// Where a quote stands that no backslash escapes.
fn unescaped(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.find(|c| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })
}

/// The index of the bracket that closes the one at `open`.
pub(crate) fn closing(tokens: &[String], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("a bracket is never closed: {:?}", &tokens[open..tokens.len().min(open + 20)]);
}
