//! Names of people and meetings in many languages and scripts, some of them awkward on purpose. All are invented.

use rand::Rng;
use rand::seq::IndexedRandom;

/// Given and family names of one language. An ASCII form for addresses follows each name.
struct Language {
    given: &'static [(&'static str, &'static str)],
    family: &'static [(&'static str, &'static str)],
    family_first: bool,
    glue: &'static str,
}

const LANGUAGES: [Language; 14] = [
    Language {
        given: &[("Emma", "emma"), ("Noah", "noah"), ("Olivia", "olivia"), ("Liam", "liam"), ("Grace", "grace")],
        family: &[("Walker", "walker"), ("Hughes", "hughes"), ("Carter", "carter"), ("O’Neill", "oneill")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("Jürgen", "juergen"), ("Zoë", "zoe"), ("Björn", "bjoern"), ("Käthe", "kaethe"), ("Lukas", "lukas")],
        family: &[("Müller", "mueller"), ("Weiß", "weiss"), ("Schröder", "schroeder"), ("von der Heide", "heide")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("Élodie", "elodie"), ("François", "francois"), ("Inès", "ines"), ("Jean-Baptiste", "jb")],
        family: &[("Lefèvre", "lefevre"), ("Dupré", "dupre"), ("Noël", "noel"), ("d’Artois", "dartois")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("José", "jose"), ("Lucía", "lucia"), ("Íñigo", "inigo"), ("María del Pilar", "pilar")],
        family: &[("Muñoz Ibáñez", "munoz"), ("García", "garcia"), ("Peña", "pena"), ("Ruiz", "ruiz")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("Łukasz", "lukasz"), ("Zofia", "zofia"), ("Wojciech", "wojciech"), ("Żaneta", "zaneta")],
        family: &[("Wójcik", "wojcik"), ("Brzęczyszczykiewicz", "brzeczyk"), ("Dąbrowska", "dabrowska")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("Анна", "anna"), ("Дмитрий", "dmitry"), ("Ольга", "olga"), ("Сергей", "sergey")],
        family: &[("Иванова", "ivanova"), ("Кузнецов", "kuznetsov"), ("Щербакова", "shcherbakova")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("Ελένη", "eleni"), ("Γιώργος", "giorgos"), ("Νίκος", "nikos")],
        family: &[("Παπαδοπούλου", "papadopoulou"), ("Οικονόμου", "oikonomou")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("يوسف", "yousef"), ("ليلى", "layla"), ("مريم", "maryam"), ("خالد", "khaled")],
        family: &[("الحسن", "alhassan"), ("المصري", "almasri"), ("حداد", "haddad")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("נועה", "noa"), ("דוד", "david"), ("יעל", "yael")],
        family: &[("כהן", "cohen"), ("לוי", "levi"), ("שפירא", "shapira")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("伟", "wei"), ("芳", "fang"), ("秀英", "xiuying"), ("浩然", "haoran")],
        family: &[("王", "wang"), ("李", "li"), ("欧阳", "ouyang"), ("张", "zhang")],
        family_first: true,
        glue: "",
    },
    Language {
        given: &[("さくら", "sakura"), ("翔太", "shota"), ("陽子", "yoko")],
        family: &[("佐藤", "sato"), ("髙橋", "takahashi"), ("渡邉", "watanabe")],
        family_first: true,
        glue: " ",
    },
    Language {
        given: &[("민준", "minjun"), ("서연", "seoyeon"), ("지우", "jiwoo")],
        family: &[("김", "kim"), ("박", "park"), ("최", "choi")],
        family_first: true,
        glue: "",
    },
    Language {
        given: &[("अनन्या", "ananya"), ("विक्रम", "vikram"), ("प्रिया", "priya")],
        family: &[("शर्मा", "sharma"), ("चटर्जी", "chatterjee"), ("अय्यर", "iyer")],
        family_first: false,
        glue: " ",
    },
    Language {
        given: &[("Nguyên", "nguyen"), ("Thảo", "thao"), ("Đức", "duc"), ("สมชาย", "somchai")],
        family: &[("Trần", "tran"), ("Phạm", "pham"), ("Lê", "le")],
        family_first: true,
        glue: " ",
    },
];

/// Texts that must be shown as plain text everywhere.
const HOSTILE: [&str; 10] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "Robert'); DROP TABLE participants;--",
    "&lt;b&gt;bold&lt;/b&gt; & <b>",
    "\u{202e}gnp.exe",
    "line\u{2028}separator",
    "{{7*7}} ${7*7} {% raw %}",
    "Z\u{351}\u{36b}\u{343}a\u{334}\u{35d}l\u{337}\u{35a}g\u{338}\u{349}o",
    "\u{200b}\u{feff}",
    "👩‍👩‍👧‍👦 Family room 🏳️‍🌈",
];

const MEETINGS: [&str; 28] = [
    "Weekly sync",
    "Board meeting",
    "Quarterly review",
    "Tumour board",
    "Family consultation",
    "Interview panel",
    "Projektbesprechung",
    "Anhörung Saal 3",
    "Jour fixe Förderprogramm",
    "Réunion d’équipe",
    "Séance du conseil",
    "Reunión de planificación",
    "Teleconsulta cardiología",
    "Przegląd projektu",
    "Совещание отдела",
    "Педсовет",
    "Συνεδρίαση επιτροπής",
    "اجتماع الفريق",
    "ישיבת צוות",
    "项目评审会",
    "部門会議",
    "주간 회의",
    "साप्ताहिक बैठक",
    "Họp giao ban",
    "ประชุมประจำสัปดาห์",
    "Haftalık toplantı",
    "Reunião geral",
    "R&D <stand-up>",
];

/// The name of a person, with an ASCII user part for addresses.
pub(crate) fn person_name(rng: &mut impl Rng) -> (String, String) {
    let language = &LANGUAGES[rng.random_range(0..LANGUAGES.len())];
    let (given, given_ascii) = pick(rng, language.given);
    let (family, family_ascii) = pick(rng, language.family);
    let name =
        if language.family_first { format!("{family}{}{given}", language.glue) } else { format!("{given}{}{family}", language.glue) };
    let user = format!("{given_ascii}.{family_ascii}");
    let name = match rng.random_range(0..1000) {
        0..8 => (*HOSTILE.choose(rng).unwrap_or(&"")).to_owned(),
        8..14 => String::new(),
        14..20 => format!("{name} ({})", "very important and long-winded department ".repeat(5).trim_end()),
        20..60 => format!("{name} (Room {})", rng.random_range(1..40)),
        _ => name,
    };
    (name, user)
}

fn pick(rng: &mut impl Rng, from: &[(&'static str, &'static str)]) -> (&'static str, &'static str) {
    from.choose(rng).copied().unwrap_or(("", ""))
}

/// The name of a meeting; a number makes most of them unique.
pub(crate) fn meeting_name(rng: &mut impl Rng, number: u64) -> String {
    let name = MEETINGS.choose(rng).copied().unwrap_or("Meeting");
    match rng.random_range(0..100) {
        0 => String::new(),
        1 => format!("{name} – {}", "Arbeitsgruppe Abstimmung ".repeat(8).trim_end()),
        2..20 => name.to_owned(),
        _ => format!("{name} {number}"),
    }
}
