use super::*;

#[test]
fn pauses_double_up_to_the_longest() {
    let (min, max) = (Duration::from_secs(2), Duration::from_secs(30));
    for (attempts, ceiling) in [(0, 2), (1, 4), (3, 16), (9, 30), (99, 30)] {
        let pause = backoff(min, max, attempts);
        assert!(pause <= Duration::from_secs(ceiling) && pause >= Duration::from_secs(ceiling) / 2, "{attempts}: {pause:?}");
    }
}
