//! Names that are hard on a layout: long ones, and scripts that the bundled font does not have.

/// As they are met in most places.
pub const PLAIN: [&str; 15] = [
    "Alice Adams",
    "Bartholomew Featherstonehaugh",
    "Анастасия Преображенская",
    "Γιώργος Παπαδόπουλος",
    "Erika Østergård",
    "Frank",
    "Grace Hopper",
    "Hannah Weiß",
    "Ibrahim Yılmaz",
    "PJSIP/anex-2000000017",
    "Zoë Łukasiewicz",
    "Maximilian von Hohenstein-Waldburg",
    "Li Na",
    "Nguyễn Thị Minh Khai",
    "Owen Ó Súilleabháin",
];

/// The worst.
pub const HARD: [&str; 12] = [
    "محمد عبد الرحمن",
    "שרה כהן־לוי",
    "王小明",
    "Maximilian-Alexander von und zu Hohenstein-Waldburg-Zeil",
    "Local/5550001@from-queue-agents-internal/n",
    "山田 太郎 (営業)",
    "Ελευθερία Παπαδοπούλου-Καραγιάννη",
    "김민수",
    "สมชาย ใจดี",
    "Wolfeschlegelsteinhausenbergerdorff",
    "👩‍💻 Zoë ✨",
    "Q̈̃ǫ́ Ạ̈b̂",
];

/// Queues.
pub const QUEUES: [&str; 12] = [
    "Sales",
    "Support – hardware and network",
    "Бухгалтерия",
    "VIP",
    "Reklamationen",
    "Εξυπηρέτηση πελατών",
    "Billing",
    "Night desk",
    "Returns",
    "Partner hotline North-East",
    "sales-eu-2",
    "Technik",
];

/// Queues of the worst kind.
pub const HARD_QUEUES: [&str; 4] =
    ["خدمة العملاء", "Kundenbetreuung Privatkunden Süd-Südwest", "技術サポート", "תמיכה טכנית"];

/// The `index`-th of a list that wraps; from the second time round with a number, as agents are distinct.
pub fn distinct(list: &[&str], index: usize) -> String {
    let name = crate::glyphs::drawable(list[index % list.len()]);
    if index < list.len() { name.into_owned() } else { format!("{name} {}", index / list.len() + 1) }
}
