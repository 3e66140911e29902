//! Names of people who do not exist. Telephone numbers are from the ranges that are kept for fiction.

use super::dice::Dice;

const GIVEN: &[&str] = &[
    "Alice",
    "Amir",
    "Ana",
    "Anika",
    "Arjun",
    "Beatriz",
    "Ben",
    "Bruna",
    "Carlos",
    "Chloé",
    "Clara",
    "Daniel",
    "Diana",
    "Dmitri",
    "Elena",
    "Elif",
    "Emma",
    "Enzo",
    "Erik",
    "Fatima",
    "Felix",
    "Freya",
    "Gabriel",
    "Grace",
    "Hana",
    "Hugo",
    "Ida",
    "Ines",
    "Isaac",
    "Jakub",
    "Jana",
    "Jonas",
    "Julia",
    "Kai",
    "Katarína",
    "Kofi",
    "Lars",
    "Layla",
    "Leo",
    "Lina",
    "Lucía",
    "Magnus",
    "Maja",
    "Marek",
    "Mateo",
    "Mia",
    "Mila",
    "Nadia",
    "Nils",
    "Noah",
    "Nora",
    "Olga",
    "Omar",
    "Oscar",
    "Paula",
    "Petra",
    "Priya",
    "Rafael",
    "Rosa",
    "Samir",
    "Sara",
    "Sofia",
    "Søren",
    "Tariq",
    "Theo",
    "Tomáš",
    "Uma",
    "Vera",
    "Viktor",
    "Wanda",
    "Yara",
    "Yusuf",
    "Zoë",
];

const FAMILY: &[&str] = &[
    "Adams",
    "Almeida",
    "Andersson",
    "Bauer",
    "Becker",
    "Bianchi",
    "Brown",
    "Castillo",
    "Clark",
    "Costa",
    "Dahl",
    "Davies",
    "Dubois",
    "Durand",
    "Ek",
    "Evans",
    "Ferrari",
    "Fischer",
    "Fox",
    "García",
    "Gray",
    "Grünwald",
    "Haddad",
    "Hansen",
    "Horvat",
    "Ivanova",
    "Jansen",
    "Jensen",
    "Johansson",
    "Kaya",
    "Keller",
    "Khan",
    "Kowalski",
    "Larsen",
    "Lee",
    "Lindgren",
    "López",
    "Marino",
    "Martin",
    "Mensah",
    "Meyer",
    "Moreau",
    "Müller",
    "Nakamura",
    "Nielsen",
    "Novák",
    "Nowak",
    "Okafor",
    "Olsen",
    "Patel",
    "Pereira",
    "Petrov",
    "Popescu",
    "Ramos",
    "Reyes",
    "Ricci",
    "Rossi",
    "Roy",
    "Sanders",
    "Santos",
    "Schmidt",
    "Silva",
    "Singh",
    "Sørensen",
    "Stone",
    "Szabó",
    "Tanaka",
    "Tran",
    "Vargas",
    "Virtanen",
    "Vogel",
    "Walker",
    "Weber",
    "Wolf",
    "Yılmaz",
    "Young",
    "Zhang",
    "Ziegler",
];

/// Area codes before 555-01xx.
const AREAS: &[u16] = &[202, 206, 212, 303, 305, 312, 404, 415, 503, 512, 602, 617, 702, 713, 801, 919];

/// The name of person number `at`; all of the first 5000 differ.
pub(super) fn person(at: usize) -> String {
    // Steps that share no divisor with the lists' lengths, so that every pair comes once.
    let given = GIVEN[(at * 7) % GIVEN.len()];
    let family = FAMILY[(at * 5 + at / GIVEN.len() * 5) % FAMILY.len()];
    format!("{given} {family}")
}

/// A caller's number and what the network tells as a name; the name is often missing.
pub(super) fn caller(dice: &mut Dice) -> (String, String) {
    let area = dice.one(AREAS);
    let line = dice.between(100, 199);
    let number = format!("+1{area}5550{line}");
    let person = usize::try_from(dice.between(0, 4_999)).unwrap_or(0);
    let name = if dice.chance(0.45) { self::person(person) } else { String::new() };
    (number, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_people_have_a_thousand_names() {
        let names: std::collections::BTreeSet<_> = (0..1000).map(person).collect();
        assert_eq!(names.len(), 1000);
    }

    #[test]
    fn numbers_are_fictional() {
        let mut dice = Dice::new(3);
        for _ in 0..100 {
            let (number, _) = caller(&mut dice);
            assert_eq!(number.len(), 12);
            assert_eq!(&number[5..9], "5550");
            assert_eq!(&number[9..10], "1");
        }
    }
}
