//! Holds what a code promises for any page, seed and interval, and measures how fast it tells pictures apart.

use proptest::prelude::*;

use super::*;

fn code(pictures: usize, seed: u64, rules: CodeRules) -> Code {
    Code::new(Page::new(pictures).unwrap(), seed, rules).unwrap()
}

fn rules(soa_secs: f64) -> CodeRules {
    CodeRules { soa_secs, ..CodeRules::default() }
}

proptest! {
    #[test]
    fn every_picture_lights_up_twice_a_repetition_and_never_too_soon(
        pictures in MIN_PAGE..=MAX_PAGE, seed: u64, soa_secs in 0.1..0.5,
    ) {
        let mut code = code(pictures, seed, rules(soa_secs));
        let (each, largest) = (code.flashes_per_repetition(), code.largest_group());
        let mut last = vec![f64::NEG_INFINITY; pictures];
        for repetition in 0..6 {
            let mut counts = vec![0; pictures];
            for i in 0..each {
                let lit = code.next().unwrap();
                let at_secs = (repetition * each + i) as f64 * soa_secs;
                prop_assert!(!lit.is_empty() && lit.len() <= largest && lit.len() + 2 >= largest);
                for picture in lit.pictures() {
                    counts[picture] += 1; // one that is not on the page would end the test here
                    prop_assert!(at_secs - last[picture] >= 0.4 - 1e-6);
                    last[picture] = at_secs;
                }
            }
            prop_assert!(counts.iter().all(|count| *count == 2), "{counts:?}");
        }
        // Now and then a page of three rows has to give way.
        prop_assert!(code.touching().0 == 0 || pictures < 19, "{:?}", code.touching());
    }

    #[test]
    fn touching_pictures_are_counted_where_they_share_a_group(
        pictures in MIN_PAGE..=MAX_PAGE, seed: u64,
    ) {
        let mut code = code(pictures, seed, CodeRules::default());
        let page = code.page();
        let flashes: Vec<Lit> = code.by_ref().take(5 * code_length(pictures)).collect();
        let pairs = |lit: &Lit| {
            let lit: Vec<usize> = lit.pictures().collect();
            let touching = |(i, a): (usize, &usize)| lit[i + 1..].iter().filter(|b| page.touch(*a, **b)).count() as u64;
            lit.iter().enumerate().map(touching).sum::<u64>()
        };
        prop_assert_eq!(flashes.iter().map(pairs).sum::<u64>(), code.touching().0);
        prop_assert_eq!(code.touching().1, 5);
    }

    #[test]
    fn single_pictures_light_up_alone_and_once_a_repetition(
        pictures in MIN_PAGE..=MAX_PAGE, seed: u64,
    ) {
        let singles = CodeRules { grouping: Grouping::Singles, ..CodeRules::default() };
        let flashes: Vec<Lit> = code(pictures, seed, singles).take(3 * pictures).collect();
        prop_assert!(flashes.iter().all(|lit| lit.len() == 1));
        for repetition in flashes.chunks(pictures) {
            prop_assert_eq!(repetition.iter().fold(0, |all, lit| all | lit.0).count_ones() as usize, pictures);
        }
        prop_assert!(flashes.windows(2).all(|pair| !pair[0].meets(pair[1])));
    }
}

fn code_length(pictures: usize) -> usize {
    code(pictures, 0, CodeRules::default()).flashes_per_repetition()
}

#[test]
fn the_same_seed_gives_the_same_flashes_and_another_gives_others() {
    let flashes = |seed| code(40, seed, CodeRules::default()).take(70).collect::<Vec<_>>();
    assert_eq!(flashes(7), flashes(7));
    assert_ne!(flashes(7), flashes(8));
    assert_eq!((code_length(40), code(40, 7, CodeRules::default()).largest_group()), (13, 7));
}

#[test]
fn pages_are_about_as_wide_as_a_screen() {
    for (pictures, columns, rows) in [(10, 4, 3), (40, 8, 5), (60, 10, 6), (15, 5, 3), (24, 6, 4)] {
        let page = Page::new(pictures).unwrap();
        assert_eq!((page.columns(), page.rows()), (columns, rows), "{pictures}");
    }
    for pictures in MIN_PAGE..=MAX_PAGE {
        let page = Page::new(pictures).unwrap();
        let (columns, rows) = (page.columns() as f64, page.rows() as f64);
        assert!((1.0..=2.4).contains(&(columns / rows)), "{page:?}");
        assert!(page.columns() * page.rows() < pictures + page.columns());
    }
    let page = Page::new(40).unwrap();
    assert!(page.touch(0, 9) && page.touch(9, 0) && !page.touch(7, 8) && !page.touch(3, 3));
}

#[test]
fn what_is_impossible_is_said() {
    for pictures in [0, 1, 9, 61, usize::MAX] {
        let why = Page::new(pictures).unwrap_err().to_string();
        assert!(why.contains("10 to 60"), "{why}");
    }
    let page = Page::new(12).unwrap();
    for (soa_secs, least_gap_secs) in
        [(f64::NAN, 0.4), (0.0, 0.4), (0.2, f64::INFINITY), (0.2, -1.0)]
    {
        let rules = CodeRules { soa_secs, least_gap_secs, grouping: Grouping::Groups };
        let why = Code::new(page, 0, rules).unwrap_err().to_string();
        assert!(why.contains("is possible"), "{why}");
    }
    let rules = CodeRules { soa_secs: 0.1, least_gap_secs: 1.5, grouping: Grouping::Groups };
    assert_eq!(Code::new(page, 0, rules).unwrap_err(), CodeError::Gap { pictures: 12, gap: 15 });
}

fn side(pictures: usize) -> usize {
    (1..).find(|side| side * side >= pictures).unwrap()
}

/// One repetition of another way to light up pictures.
type Way = fn(Page, &mut ChaCha8Rng) -> Vec<Lit>;

fn shuffled(page: Page, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..page.pictures()).collect();
    order.shuffle(rng);
    order
}

/// Rows and columns of `order` as a matrix with so many columns, in random order.
fn lines(order: &[usize], columns: usize, rng: &mut ChaCha8Rng) -> Vec<Lit> {
    let rows = order.chunks(columns).map(|row| Lit::of(row.iter().copied()));
    let column = |i: usize| Lit::of(order.iter().skip(i).step_by(columns).copied());
    let mut all: Vec<Lit> = rows.chain((0..columns).map(column)).collect();
    all.shuffle(rng);
    all
}

fn rows_and_columns(page: Page, rng: &mut ChaCha8Rng) -> Vec<Lit> {
    lines(&(0..page.pictures()).collect::<Vec<_>>(), page.columns(), rng)
}

fn rows_and_columns_anew(page: Page, rng: &mut ChaCha8Rng) -> Vec<Lit> {
    lines(&shuffled(page, rng), side(page.pictures()), rng)
}

/// White and black fields each in a matrix of their own, filled anew; first all rows, then all columns.
fn checkerboard(page: Page, rng: &mut ChaCha8Rng) -> Vec<Lit> {
    let order = shuffled(page, rng);
    let is_white = |picture: &usize| {
        let (row, column) = page.place(*picture);
        (row + column).is_multiple_of(2)
    };
    let (white, black): (Vec<usize>, Vec<usize>) = order.iter().partition(|p| is_white(p));
    let mut flashes = Vec::new();
    for field in [&white, &black] {
        flashes.extend(lines(field, side(field.len()), rng));
    }
    flashes
}

fn random_groups(page: Page, rng: &mut ChaCha8Rng) -> Vec<Lit> {
    let groups = side(page.pictures());
    let mut divide = || {
        let order = shuffled(page, rng);
        (0..groups)
            .map(|i| Lit::of(order.iter().skip(i).step_by(groups).copied()))
            .collect::<Vec<_>>()
    };
    [divide(), divide()].concat()
}

fn singles(page: Page, rng: &mut ChaCha8Rng) -> Vec<Lit> {
    shuffled(page, rng).into_iter().map(|picture| Lit::of([picture])).collect()
}

/// Flashes in which exactly one of two pictures lights up: least and mean over all pairs.
fn apart(flashes: &[Lit], pictures: usize) -> (usize, f64) {
    let distance = |a: usize, b: usize| flashes.iter().filter(|l| l.holds(a) != l.holds(b)).count();
    let all: Vec<usize> = (0..pictures)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .map(|(a, b)| distance(a, b))
        .collect();
    (all.iter().copied().min().unwrap(), all.iter().sum::<usize>() as f64 / all.len() as f64)
}

/// Share of searches that are right after each of these numbers of flashes, responses `dprime` apart.
fn right(
    flashes: &[Lit],
    pictures: usize,
    dprime: f64,
    after: &[usize],
    rng: &mut ChaCha8Rng,
) -> Vec<bool> {
    let sought = rng.random_range(0..pictures);
    let mut sums = vec![0.0; pictures];
    let mut found = Vec::new();
    for (i, lit) in flashes.iter().enumerate() {
        let gauss = (0..12).map(|_| rng.random_range(-0.5..0.5)).sum::<f64>();
        let score = gauss + if lit.holds(sought) { dprime } else { 0.0 };
        // The log-likelihood ratio of two normal densities of one width.
        lit.pictures().for_each(|picture| sums[picture] += dprime * (score - dprime / 2.0));
        if after.contains(&(i + 1)) {
            let best = (0..pictures).max_by(|a, b| sums[*a].total_cmp(&sums[*b]));
            found.push(best == Some(sought));
        }
    }
    found
}

fn endless(way: Option<Way>, page: Page, seed: u64, flashes: usize) -> Vec<Lit> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let Some(way) = way else {
        return Code::new(page, seed, CodeRules::default()).unwrap().take(flashes).collect();
    };
    let mut all = Vec::new();
    while all.len() < flashes {
        all.extend(way(page, &mut rng));
    }
    all.truncate(flashes);
    all
}

const WAYS: [(&str, Option<Way>); 6] = [
    ("this code", None),
    ("random groups", Some(random_groups)),
    ("rows, columns", Some(rows_and_columns)),
    ("…, anew", Some(rows_and_columns_anew)),
    ("checkerboard", Some(checkerboard)),
    ("singles", Some(singles)),
];

/// Least and mean distance over pairs, averaged over seeds, after so many flashes.
fn mean_apart(way: Option<Way>, page: Page, flashes: usize) -> (f64, f64) {
    let seeds = 20;
    let all = (0..seeds).map(|seed| apart(&endless(way, page, seed, flashes), page.pictures()));
    let sum = all.fold((0.0, 0.0), |sum, (least, mean)| (sum.0 + least as f64, sum.1 + mean));
    (sum.0 / seeds as f64, sum.1 / seeds as f64)
}

/// In the same number of flashes.
#[test]
fn the_pair_that_is_told_apart_slowest_is_so_faster_than_by_any_other_way() {
    let page = Page::new(40).unwrap();
    let (least, mean) = mean_apart(None, page, 70);
    for (name, way) in &WAYS[1..] {
        let (other_least, other_mean) = mean_apart(*way, page, 70);
        assert!(least > other_least, "{name}: {other_least}, this {least}");
        assert!(mean > 0.99 * other_mean, "{name}: {other_mean}, this {mean}");
    }
    // Already after one repetition no two pictures are alike.
    assert!((0..20).all(|seed| apart(&endless(None, page, seed, 14), 40).0 == 2));
}

/// `cargo test -- --ignored --nocapture measured_distances`
#[test]
#[ignore = "prints a table"]
fn measured_distances() {
    let page = Page::new(40).unwrap();
    let after = [14, 28, 42, 70, 140];
    println!("40 pictures: least / mean flashes that tell two apart after {after:?} flashes");
    for (name, way) in WAYS {
        let cells =
            after.map(|n| mean_apart(way, page, n)).map(|(l, m)| format!("{l:5.2}/{m:5.2}"));
        println!("{name:16} {}", cells.join("  "));
    }
}

/// `cargo test -- --ignored --nocapture measured_searches`
#[test]
#[ignore = "prints a table"]
fn measured_searches() {
    let (page, after, searches) = (Page::new(40).unwrap(), [14, 28, 42, 70, 140], 2000);
    println!("right of 40 after {after:?} flashes, {searches} searches, no overlap");
    for (name, way) in WAYS {
        let mut counts = [[0; 5]; 2];
        for seed in 0..searches {
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
            let flashes = endless(way, page, seed, after[4]);
            for (counts, dprime) in counts.iter_mut().zip([1.94, 0.82]) {
                let found = right(&flashes, 40, dprime, &after, &mut rng);
                counts.iter_mut().zip(found).for_each(|(n, is_right)| *n += usize::from(is_right));
            }
        }
        let share = |count: usize| format!("{:.3}", count as f64 / searches as f64);
        let [strong, weak] = counts.map(|counts| counts.map(share).join("  "));
        println!("{name:16} AUC .915: {strong}   AUC .719: {weak}");
    }
}

/// `cargo test -- --ignored --nocapture measured_touching`
#[test]
#[ignore = "prints a table"]
fn measured_touching() {
    for pictures in (10..=18).chain([25, 40, 60]) {
        let share = [0.2, 0.1].map(|soa_secs| {
            let mut code = code(pictures, 3, rules(soa_secs));
            let each = code.flashes_per_repetition();
            let without = (0..100)
                .filter(|_| {
                    let before = code.touching().0;
                    let _flashes: Vec<Lit> = code.by_ref().take(each).collect();
                    code.touching().0 == before
                })
                .count();
            let (touching, made) = code.touching();
            format!(
                "{each} flashes, {:.2} pairs, {without} of {made} free",
                touching as f64 / made as f64
            )
        });
        println!("{pictures:3}: {}", share.join("; at .1 s "));
    }
}
