//! The part of many names that a display shows.

use proptest::prelude::*;

use super::*;

const LEVELS: [NameDetail; 5] = [NameDetail::Full, NameDetail::Short, NameDetail::Initials, NameDetail::Number, NameDetail::None];

/// A name, then its form in full, short, and as initials. "" means that only the number in line is shown.
#[rustfmt::skip]
const TABLE: &[(&str, &str, &str, &str)] = &[
    // Latin script.
    ("Ana Silva", "Ana Silva", "Ana S.", "A. S."),
    ("Ana Maria Silva", "Ana Maria Silva", "Ana S.", "A. S."),
    ("Silva, Ana", "Silva, Ana", "Ana S.", "A. S."),
    ("Silva,Ana Maria", "Silva,Ana Maria", "Ana S.", "A. S."),
    ("SILVA Ana", "SILVA Ana", "Ana S.", "A. S."),
    ("ANA SILVA", "ANA SILVA", "ANA S.", "A. S."),
    ("ana silva", "ana silva", "ana S.", "A. S."),
    ("Ana_Silva", "Ana_Silva", "Ana S.", "A. S."),
    ("Ana S.", "Ana S.", "Ana S.", "A. S."),
    ("A. Silva", "A. Silva", "A. S.", "A. S."),
    ("A.M.Silva", "A.M.Silva", "A. S.", "A. S."),
    ("Silva A.M.", "Silva A.M.", "A. S.", "A. S."),
    ("JP Silva", "JP Silva", "JP S.", "J. S."),
    ("Bo", "Bo", "B.", "B."),
    ("bo", "bo", "B.", "B."),
    ("Emma O'Neill", "Emma O'Neill", "Emma O.", "E. O."),
    ("Emma O’Neill", "Emma O’Neill", "Emma O.", "E. O."),
    ("Jean-Baptiste Lefèvre", "Jean-Baptiste Lefèvre", "Jean-Baptiste L.", "J. L."),
    ("Élodie Dupré-Noël", "Élodie Dupré-Noël", "Élodie D.", "É. D."),
    ("e\u{301}lodie dupre\u{301}", "e\u{301}lodie dupre\u{301}", "e\u{301}lodie D.", "E\u{301}. D."),
    ("Björn Guðmundsson", "Björn Guðmundsson", "Björn G.", "B. G."),
    ("Þóra Ægisdóttir", "Þóra Ægisdóttir", "Þóra Æ.", "Þ. Æ."),
    ("José Muñoz Ibáñez", "José Muñoz Ibáñez", "José I.", "J. I."),
    ("Muñoz Ibáñez, José", "Muñoz Ibáñez, José", "José M.", "J. M."),
    ("Trần Văn Đức", "Trần Văn Đức", "Trần Đ.", "T. Đ."),
    ("Gal·la Ruiz", "Gal·la Ruiz", "Gal·la R.", "G. R."),
    // Particles.
    ("Käthe von der Heide", "Käthe von der Heide", "Käthe H.", "K. H."),
    ("von der Heide, Käthe", "von der Heide, Käthe", "Käthe H.", "K. H."),
    ("VON DER HEIDE Käthe", "VON DER HEIDE Käthe", "Käthe H.", "K. H."),
    ("von der Heide", "von der Heide", "H.", "H."),
    ("De la Peña", "De la Peña", "P.", "P."),
    ("Inès d’Artois", "Inès d’Artois", "Inès A.", "I. A."),
    ("Inès D’Artois", "Inès D’Artois", "Inès D.", "I. D."),
    ("María de la Peña", "María de la Peña", "María P.", "M. P."),
    ("Van Walker", "Van Walker", "Van W.", "V. W."),
    ("Yousef bin Khaled", "Yousef bin Khaled", "Yousef K.", "Y. K."),
    ("Layla al-Masri", "Layla al-Masri", "Layla M.", "L. M."),
    ("Layla Al-Masri", "Layla Al-Masri", "Layla M.", "L. M."),
    ("layla al-masri", "layla al-masri", "layla M.", "L. M."),
    ("al-Masri, Layla", "al-Masri, Layla", "Layla M.", "L. M."),
    // Titles, roles and things.
    ("Silva, Ana, Dr.", "Silva, Ana, Dr.", "Ana S.", "A. S."),
    ("Ana & Bo", "Ana & Bo", "A.", "A."),
    ("Dr. Ana Silva", "Dr. Ana Silva", "Ana S.", "A. S."),
    ("Prof.Dr.Silva", "Prof.Dr.Silva", "S.", "S."),
    ("Frau Müller", "Frau Müller", "M.", "M."),
    ("Ana Silva, Ph.D.", "Ana Silva, Ph.D.", "Ana S.", "A. S."),
    ("Ana Silva M.A.", "Ana Silva M.A.", "Ana S.", "A. S."),
    ("Dipl.-Ing. Lukas Weiß jr.", "Dipl.-Ing. Lukas Weiß jr.", "Lukas W.", "L. W."),
    ("Ana Silva (Guest)", "Ana Silva (Guest)", "Ana S.", "A. S."),
    ("[external] Ana Silva", "[external] Ana Silva", "Ana S.", "A. S."),
    ("Ana (Silva", "Ana (Silva", "A.", "A."),
    ("Guest", "Guest", "", ""),
    ("(Ana Silva)", "(Ana Silva)", "", ""),
    ("iPad of Ana Silva", "iPad of Ana Silva", "Ana S.", "A. S."),
    ("iPhone von Ana", "iPhone von Ana", "A.", "A."),
    ("Ana’s iPad", "Ana’s iPad", "A.", "A."),
    ("Ana Silva – Accounting", "Ana Silva – Accounting", "Ana S.", "A. S."),
    ("Ana Silva|Accounting", "Ana Silva|Accounting", "Ana S.", "A. S."),
    ("Guest: Ana Silva", "Guest: Ana Silva", "Ana S.", "A. S."),
    ("Room 12", "Room 12", "R.", "R."),
    // Other scripts with case.
    ("Анна Иванова", "Анна Иванова", "Анна И.", "А. И."),
    ("Иванова А. С.", "Иванова А. С.", "А. И.", "А. И."),
    ("ольга щербакова", "ольга щербакова", "ольга Щ.", "О. Щ."),
    ("Ελένη Παπαδοπούλου", "Ελένη Παπαδοπούλου", "Ελένη Π.", "Ε. Π."),
    ("άννα ωνάση", "άννα ωνάση", "άννα Ω.", "Ά. Ω."),
    ("Անի Հակոբյան", "Անի Հակոբյան", "Անի Հ.", "Ա. Հ."),
    ("ნინო გელაძე", "ნინო გელაძე", "ნინო გ.", "ნ. გ."),
    ("ßen ǆemal", "ßen ǆemal", "ßen ǅ.", "Ss. ǅ."),
    ("ilker ışık", "ilker ışık", "ilker I.", "I. I."),
    ("İlker Işık", "İlker Işık", "İlker I.", "İ. I."),
    // Scripts without case.
    ("נועה כהן", "נועה כהן", "נ", "נ"),
    ("ד״ר נועה כהן", "ד״ר נועה כהן", "נ", "נ"),
    ("يوسف الحسن", "يوسف الحسن", "ي", "ي"),
    ("د. يوسف الحسن", "د. يوسف الحسن", "ي", "ي"),
    ("الحسن، يوسف", "الحسن، يوسف", "ا", "ا"),
    ("प्रिया शर्मा", "प्रिया शर्मा", "प्रि", "प्रि"),
    ("王秀英", "王秀英", "王", "王"),
    ("王 秀英", "王 秀英", "王", "王"),
    ("佐藤さくら", "佐藤さくら", "佐", "佐"),
    ("佐藤　さくら", "佐藤 さくら", "佐", "佐"),
    ("アナ・シルバ", "アナ・シルバ", "ア", "ア"),
    ("安娜·西尔瓦", "安娜·西尔瓦", "安", "安"),
    ("김민준", "김민준", "김", "김"),
    ("김 민준", "김 민준", "김", "김"),
    ("\u{1100}\u{1175}\u{11b7}민준", "\u{1100}\u{1175}\u{11b7}민준", "\u{1100}\u{1175}\u{11b7}", "\u{1100}\u{1175}\u{11b7}"),
    ("สมชาย", "สมชาย", "ส", "ส"),
    ("เกษม", "เกษม", "เก", "เก"),
    ("王秀英 Grace Walker", "王秀英 Grace Walker", "王", "王"),
    ("Grace Walker 王秀英", "Grace Walker 王秀英", "Grace W.", "G. W."),
    // Pictures, marks and nothing.
    ("👩‍👩‍👧‍👦🏳️‍🌈", "👩‍👩‍👧‍👦🏳️‍🌈", "👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
    ("🇮🇸🇩🇪", "🇮🇸🇩🇪", "🇮🇸", "🇮🇸"),
    ("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} Bo", "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} Bo", "B.", "B."),
    ("👋🏽Ana 🦊 Silva🦊", "👋🏽Ana 🦊 Silva🦊", "Ana S.", "A. S."),
    ("", "", "", ""),
    (" \t\u{3000} ", "", "", ""),
    ("\u{200b}\u{feff}", "", "", ""),
    ("-- ?! …", "", "", ""),
    ("\u{202e}anA\u{202c} Sil\u{200b}va\u{7}\u{2028}\u{2066}", "anA Silva", "anA S.", "A. S."),
    ("A\u{200d}na Si\u{200c}lva", "Ana Silva", "Ana S.", "A. S."),
    ("می\u{200c}نا", "می\u{200c}نا", "م", "م"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>", "A.", "A."),
    // Telephone numbers.
    ("+49 30 123456", "…56", "…56", "…56"),
    ("+49 (0)30/1234-56", "…56", "…56", "…56"),
    ("(030) 123 456", "…56", "…56", "…56"),
    ("tel:+49-30-123456", "…56", "…56", "…56"),
    ("sip:4930123456;user=phone", "…56", "…56", "…56"),
    ("<sip:+49 30 123456>", "…56", "…56", "…56"),
    ("tel: 01.23.45.67.89", "…89", "…89", "…89"),
    ("+49 30 123456 ext. 789", "…89", "…89", "…89"),
    ("030123456x7", "…67", "…67", "…67"),
    ("4711", "…11", "…11", "…11"),
    ("12", "…12", "…12", "…12"),
    ("٠٣٠١٢٣٤٥٦", "…٥٦", "…٥٦", "…٥٦"),
    ("０３０－１２３４５６", "…５６", "…５６", "…５６"),
    ("1️⃣2️⃣3️⃣4️⃣", "…34", "…34", "…34"),
    ("Ana Silva +49 30 123456", "Ana Silva …56", "Ana S.", "A. S."),
    ("Ana Silva (12 34 56)", "Ana Silva …56", "Ana S.", "A. S."),
    ("030 123456 Bo Berg", "…56 Bo Berg", "Bo B.", "B. B."),
    ("Guest 4711", "Guest …11", "…11", "…11"),
    ("📞 030 123456", "📞 …56", "…56", "…56"),
    ("Ana Silva +1", "Ana Silva +1", "Ana S.", "A. S."),
    ("Room 101", "Room …01", "R.", "R."),
    // Addresses.
    ("Ana Silva @ Accounting", "Ana", "A.", "A."),
    ("ana.silva@example.org", "", "", ""),
    ("1234@conf.example", "", "", ""),
    ("sip:bo@example.org;transport=tls", "", "", ""),
    ("sip:bo", "", "", ""),
    ("SIP: bo", "", "", ""),
    ("h323:4711", "", "", ""),
    ("sip:+49 30 123456@example.org", "", "", ""),
    ("sip:10.0.0.1", "", "", ""),
    ("Ana Silva <ana@example.org>", "Ana Silva", "Ana S.", "A. S."),
    ("Ana Silva(ana@example.org)", "Ana Silva", "Ana S.", "A. S."),
    ("Ana Silva (mail ana@example.org)", "Ana Silva (mail)", "Ana S.", "A. S."),
    ("Ana Silva - ana＠example。org", "Ana Silva", "Ana S.", "A. S."),
    ("ana\u{200b}@\u{ad}example.org Bo Berg", "Bo Berg", "Bo B.", "B. B."),
    ("bo @ example", "", "", ""),
    ("bo@ example", "", "", ""),
    ("bo [AT] example.org", "", "", ""),
    ("bo at example.org", "", "", ""),
    ("pc12.example.org", "", "", ""),
    ("Bo pc12.example:5060", "Bo", "B.", "B."),
    ("10.20.30.40", "", "", ""),
    ("Bo [2001:db8::1]:5060", "Bo", "B.", "B."),
    ("https://example.org/ana", "", "", ""),
    ("EXAMPLE\\ana", "", "", ""),
    ("X.COM", "", "", ""),
    ("ana.silva", "", "", ""),
];

#[test]
fn each_name_is_shown_as_in_the_table() {
    assert!(TABLE.len() >= 40);
    let wrong: Vec<_> = TABLE
        .iter()
        .map(|(name, full, short, initials)| (*name, [*full, *short, *initials]))
        .map(|(name, expected)| (name, expected, [0, 1, 2].map(|level| masked(name, LEVELS[level]).unwrap_or_default())))
        .filter(|(_, expected, shown)| expected != shown)
        .collect();
    assert!(wrong.is_empty(), "name, expected, shown: {wrong:#?}");
}

#[test]
fn no_name_is_shown_by_number_or_not_at_all() {
    for (name, ..) in TABLE {
        assert_eq!((masked(name, NameDetail::Number), masked(name, NameDetail::None)), (None, None));
    }
}

#[test]
fn a_long_name_ends_in_an_ellipsis() {
    let long = |cluster: &str, count: usize| cluster.repeat(count);
    let exactly = long("é", 60);
    assert_eq!(masked(&exactly, NameDetail::Full), Some(exactly.clone()));
    assert_eq!(masked(&(exactly.clone() + "é"), NameDetail::Full), Some(exactly + "…"));
    assert_eq!(masked(&long("👩‍👩‍👧‍👦", 70), NameDetail::Full), Some(long("👩‍👩‍👧‍👦", 60) + "…"));
    assert_eq!(masked(&(long("a", 500) + " Silva"), NameDetail::Short), Some(long("a", 60) + "… S."));
    assert_eq!(
        masked(&("a".to_owned() + &long("\u{351}", 10_000)), NameDetail::Full).map(|shown| shown.chars().count()),
        Some(LONGEST_CLUSTER)
    );
}

/// Quadratic time would let one long name block the server.
#[test]
fn a_huge_name_is_masked_quickly() {
    let begin = std::time::Instant::now();
    for piece in ["a", "a ", "(", "(@", "1 ", "1x", "a.", "sip:", "\u{301}", "\u{200b}", "👩‍", "+("] {
        for level in LEVELS {
            masked(&piece.repeat(200_000), level);
        }
    }
    assert!(begin.elapsed().as_secs() < 20);
}

#[test]
fn a_title_keeps_its_numbers_unless_they_may_be_a_telephone_number() {
    let cases = [
        ("Weekly sync 123", "Weekly sync 123"),
        ("Budget 2026, room 101", "Budget 2026, room 101"),
        ("Board call +46 8 123 45 67", "Board call …67"),
        ("board@conf.example", ""),
        ("Board call board@conf.example", "Board call"),
        (" \u{202e}Ward  round ", "Ward round"),
        ("---", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(title(text).unwrap_or_default(), expected, "{text}");
    }
}

#[test]
fn each_level_has_its_wire_name() {
    let words = serde_json::to_string(&LEVELS).unwrap_or_default();
    assert_eq!(words, r#"["full","short","initials","number","none"]"#);
    assert_eq!(serde_json::from_str::<[NameDetail; 5]>(&words).ok(), Some(LEVELS));
}

fn most_digits_in_a_row(text: &str) -> usize {
    text.split(|c: char| !c.is_numeric()).map(|row| row.chars().count()).max().unwrap_or(0)
}

#[rustfmt::skip]
const AWKWARD: &[&str] = &[
    "@", "＠", "﹫", ".", "..", ":", "::", "(", ")", "<", ">", "[", "]", "{", ",", "،", ";", "|", "/", "+", "-", " ", "…", "x", "ext.", "at",
    "sip:", "1", "42", "７", "٣", "²", "\u{200d}", "\u{200c}", "\u{fe0f}", "\u{20e3}", "\u{301}", "\u{202e}", "\u{e0067}", "al-", "d’",
    "ß", "ŉ", "เ", "🇮",
];

/// The parts that awkward names are made of.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = TABLE.iter().map(|row| row.0).chain(AWKWARD.iter().copied());
    let pieces = prop::sample::select(pieces.collect::<Vec<_>>());
    prop::collection::vec(
        prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<String>(), 1 => any::<char>().prop_map(String::from)],
        0..12,
    )
    .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_of_an_address_or_a_number_is_shown(name in hostile()) {
        for level in LEVELS {
            let Some(shown) = masked(&name, level) else { continue };
            prop_assert!(!shown.contains(['@', '＠', '﹫']), "{name:?}: {shown:?}");
            prop_assert!(most_digits_in_a_row(&shown) <= 2, "{name:?}: {shown:?}");
            prop_assert!(!shown.trim().is_empty() && shown.trim() == shown && !shown.contains("  "), "{name:?}: {shown:?}");
            prop_assert!(!shown.chars().any(|c| is_unseen(c) || c.is_control()), "{name:?}: {shown:?}");
            prop_assert!(shown.graphemes(true).count() <= LONGEST + 4, "{name:?}: {shown:?}");
        }
    }

    #[test]
    fn only_two_digits_of_a_telephone_number_are_shown(
        before in "(|Bo |Ana Silva, |Tel\\. |tel:|sip:|\\+|\\+\\(|x)",
        groups in prop::collection::vec("[0-9]{2,6}", 3..7),
        between in "( |-|\\.| - |/|\\) | \\()",
        after in "(| Bo|;user=phone| \\(Bo\\)|\\))",
    ) {
        let name = format!("{before}{}{after}", groups.join(&between));
        let digits: String = groups.concat();
        for level in &LEVELS[..3] {
            let shown = masked(&name, *level).unwrap_or_default();
            let left: String = shown.chars().filter(char::is_ascii_digit).collect();
            // No digits are left beside a name, or where four groups with dots may be an IPv4 address.
            prop_assert!(left.is_empty() || left == digits[digits.len() - 2..], "{name:?}: {shown:?}");
        }
    }

    #[test]
    fn no_part_of_an_address_is_shown(
        scheme in "(|sip:|sips:|h323:|mailto:|SIP:)",
        user in "[qzj]{2,6}(\\.[qzj]{2,6}|[0-9]{1,6}){0,2}",
        host in "[qzj]{2,6}[0-9]{0,2}(\\.[qzj]{2,5}){0,2}",
        after in "(|;transport=qqq|:5060|/qqq|>)",
        at in "(@|＠| @ |@ | @|\\[at\\]|%40)",
    ) {
        for level in &LEVELS[..3] {
            let beside = if *level == NameDetail::Full { "Bo" } else { "B." };
            let address = format!("{scheme}{user}{at}{host}{after}");
            let (alone, bracketed) = (masked(&address, *level), masked(&format!("Bo ({address})"), *level));
            prop_assert_eq!((alone.as_deref(), bracketed.as_deref()), (None, Some(beside)), "{}", address);
        }
    }

    #[test]
    fn it_never_panics(name in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for level in LEVELS {
            masked(&name, level);
            masked(&String::from_utf8_lossy(&bytes), level);
        }
    }
}
