//! First and last names, in many scripts, and their initials.

use unicode_segmentation::UnicodeSegmentation;

use super::{CLOSING, OPENING, is_letter, is_picture, short_enough};

const COMMAS: &[char] = &[',', '،', '，', '、'];

/// Words that are no name: titles, degrees, roles in a meeting, and devices. Compared in lower case without dots.
/// The list omits words that are as often a name ("Don", "Dean", "Ma").
#[rustfmt::skip]
const NOT_NAMES: &[&str] = &[
    "dr", "prof", "professor", "doctor", "mr", "mrs", "ms", "miss", "mx", "sir", "dame", "rev", "hon", "capt", "sgt",
    "herr", "frau", "hr", "fr", "ing", "dipl", "dipl-ing", "dr-ing", "mag", "med", "dent", "vet", "jur", "iur", "phil", "rer", "nat", "pol",
    "hc", "priv-doz", "pd", "drs", "ir", "mme", "mlle", "sr", "sra", "srta", "dott", "dottssa", "mgr", "bc", "inż", "др", "д-р", "проф",
    "г-н", "г-жа", "κ", "κα", "δρ", "ד״ר", "ד\"ר", "د", "الدكتور", "الدكتورة", "डॉ", "श्री", "श्रीमती",
    "jr", "ii", "iii", "iv", "phd", "md", "mba", "msc", "bsc", "llm", "esq", "cpa",
    "guest", "guests", "gast", "gäste", "invité", "invitée", "invitado", "invitada", "convidado", "convidada", "ospite", "гость",
    "external", "extern", "externe", "externo", "internal", "host", "moderator", "participant", "visitor", "user", "caller", "anonymous",
    "unknown", "ipad", "iphone", "android", "macbook", "laptop", "notebook", "tablet", "pc", "galaxy",
    "phone", "tel", "telefon", "telephone", "téléphone", "teléfono", "mobile", "mobil", "handy", "cell", "fax", "ext", "extension",
    "durchwahl",
];

/// Words before a last name that do not count as its beginning: lists of names put "von der Heide" under H.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "von", "vom", "zu", "zum", "zur", "van", "der", "den", "de", "het", "'t", "’t", "t", "ten", "ter", "te", "da", "das", "do", "dos",
    "del", "della", "delle", "degli", "dei", "di", "d", "la", "las", "le", "les", "lo", "los", "du", "des", "y", "e", "und", "af", "av",
    "of", "bin", "ibn", "ben", "bint", "binti", "al", "el", "ul", "фон", "ван", "де", "аль", "эль",
];
/// The same words, joined to the name. "D’Artois" is known by its D and "d’Artois" by its A; the Arabic article is one in either case.
#[rustfmt::skip]
const JOINED_PARTICLES: &[&str] = &[
    "d'", "d’", "l'", "l’", "dell'", "dell’", "dall'", "dall’", "al-", "Al-", "AL-", "el-", "El-", "EL-", "ad-", "an-", "ar-", "as-", "ash-",
    "at-", "az-", "аль-", "эль-",
];

/// First name and initial, or initials; None where nothing is a name.
pub(super) fn abbreviated(text: &str, first_in_full: bool) -> Option<String> {
    let (first, last) = first_and_last(&outside_brackets(text))?;
    let Some(last) = last else { return initial(&first) };
    let shown = if first_in_full && first.graphemes(true).count() > 1 { short_enough(&first) } else { initial(&first)? };
    Some(format!("{shown} {}", initial(&last)?))
}

/// Removes the text in brackets, and everything after a bracket that is not closed.
fn outside_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    let mut outside = String::new();
    for c in text.chars() {
        if OPENING.contains(&c) {
            depth += 1;
            outside.push(' ');
        } else if CLOSING.contains(&c) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            outside.push(c);
        }
    }
    outside
}

/// First and last name. The last name is None where there is one word, or where only the beginning of the name is understood.
fn first_and_last(text: &str) -> Option<(String, Option<String>)> {
    let mut parts = first_section(text);
    let begin = parts.first()?.first()?.clone();
    if !is_cased(&begin) {
        // Scripts without case: whether the last name comes first, and whether a space parts the two, differs too much to guess.
        return Some((begin, None));
    }
    for part in &mut parts {
        part.retain(|word| is_cased(word));
    }
    parts.retain(|part| !part.is_empty());
    let known_by = |family: &[String]| family.iter().find(|word| !is_particle(word)).or(family.first()).cloned();
    let is_short = |word: &String| word.graphemes(true).count() == 1;
    let words = &parts[0];
    // "Silva, Ana".
    if let Some(given) = parts.get(1) {
        return Some((known_by(given)?, known_by(words)));
    }
    // "von der Heide", "De la Peña": a last name alone.
    let small = |at: usize| words.get(at).is_some_and(|word| is_small_particle(word));
    if small(0) || is_particle(&words[0]) && small(1) {
        return Some((known_by(words)?, None));
    }
    // "SILVA Ana". Two capitals are more often initials ("JP Silva").
    let capitals = words.iter().take_while(|word| is_all_capitals(word)).count();
    if capitals > 0 && capitals < words.len() && !words[capitals..].iter().any(|word| is_all_capitals(word)) {
        return Some((words[capitals].clone(), known_by(&words[..capitals])));
    }
    // "Silva A. M.". But "Ana S." is as often somebody who has shortened their own name.
    if words.len() > 2 && !is_short(&words[0]) && words[1..].iter().all(is_short) {
        return Some((words[1].clone(), Some(words[0].clone())));
    }
    let rest = &words[1..];
    let last = rest.iter().rfind(|word| !is_short(word) && !is_small_particle(word)).or(rest.last());
    Some((words[0].clone(), last.cloned()))
}

/// The words that may be names, split at commas. A bar, or a dash that stands alone, separates a name from a department, or two people: the
/// first section counts.
fn first_section(text: &str) -> Vec<Vec<String>> {
    let alone = |word: &str| !word.chars().any(|c| c.is_alphanumeric() || is_picture(c) || COMMAS.contains(&c));
    let words: Vec<&str> = text.split_whitespace().map(|word| if alone(word) { "|" } else { word }).collect();
    let text = words.join(" ");
    let by_comma = |section: &str| section.split(COMMAS).map(names).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    text.split(['|', '/', ';']).map(by_comma).find(|parts| !parts.is_empty()).unwrap_or_default()
}

/// The words that may be names.
fn names(part: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut of = false;
    for word in part.split([' ', '_', ':', '・', '‧', '•']) {
        // "iPad of Ana", "iPhone von Ana".
        if is_not_name(core(word)) {
            of = true;
            continue;
        }
        if of && is_small_particle(word) {
            continue;
        }
        let cased = is_cased(word);
        // A middle dot parts the words of a foreign name in Chinese, and is in the middle of a Catalan one.
        for label in word.split(|c| c == '.' || c == '·' && !cased).map(core) {
            of = is_not_name(label);
            if !of && label.chars().any(is_letter) {
                names.push(label.to_owned());
            }
        }
    }
    names
}

/// Removes the marks around a word. Works by cluster, so that a letter keeps its marks.
fn core(word: &str) -> &str {
    let stays = |(_, cluster): &(usize, &str)| cluster.starts_with(|c: char| c.is_alphanumeric());
    let first = word.grapheme_indices(true).find(stays);
    let last = word.grapheme_indices(true).rfind(stays);
    first.zip(last).map_or("", |((start, _), (end, cluster))| &word[start..end + cluster.len()])
}

pub(super) fn is_not_name(word: &str) -> bool {
    NOT_NAMES.contains(&word.to_lowercase().replace('.', "").as_str())
}

fn is_particle(word: &str) -> bool {
    PARTICLES.contains(&word.to_lowercase().as_str())
}

/// A particle in lower case: "Van" may be a first name, and "Le" a last one.
fn is_small_particle(word: &str) -> bool {
    PARTICLES.contains(&word)
}

/// Whether the script of a word's first letter has case.
fn is_cased(word: &str) -> bool {
    word.chars().find(|c| is_letter(*c)).is_some_and(|c| c.is_lowercase() || !c.to_lowercase().eq([c]))
}

fn is_all_capitals(word: &str) -> bool {
    let letters = || word.chars().filter(|c| is_letter(*c));
    letters().all(char::is_uppercase) && (letters().count() > 2 || is_particle(word))
}

/// The first letter with its marks, and a full stop where the script has case: other scripts don't shorten names so, and beside letters
/// from right to left the full stop would jump.
fn initial(word: &str) -> Option<String> {
    let known_by = JOINED_PARTICLES.iter().find_map(|particle| word.strip_prefix(particle));
    let mut clusters = known_by.unwrap_or(word).graphemes(true).skip_while(|cluster| !cluster.starts_with(is_letter));
    let cluster = clusters.next()?;
    let first = cluster.chars().next()?;
    if !is_cased(cluster) {
        // Thai and Lao write some vowels before the letter that a name begins with.
        let follows = matches!(first, '\u{e40}'..='\u{e44}' | '\u{ec0}'..='\u{ec4}').then(|| clusters.next()).flatten();
        return Some(format!("{cluster}{}", follows.unwrap_or_default()));
    }
    Some(format!("{}{}.", title_case(first), &cluster[first.len_utf8()..]))
}

/// A letter as the first of a name. That is not always its upper case ("ǅ", and Georgian uses capitals only for whole words). No language
/// is guessed: "i" becomes "I".
fn title_case(c: char) -> String {
    match c {
        'Ǆ'..='ǆ' => "ǅ".into(),
        'Ǉ'..='ǉ' => "ǈ".into(),
        'Ǌ'..='ǌ' => "ǋ".into(),
        'Ǳ'..='ǳ' => "ǲ".into(),
        'ა'..='ჿ' => c.into(),
        // "ß" is two letters in upper case.
        _ => c
            .to_uppercase()
            .enumerate()
            .flat_map(|(at, c)| c.to_lowercase().filter(move |_| at > 0).chain((at == 0).then_some(c)))
            .collect(),
    }
}

/// The first picture, for a name that consists of pictures.
pub(super) fn picture(text: &str) -> Option<String> {
    text.graphemes(true).find(|cluster| cluster.starts_with(is_picture)).map(Into::into)
}
