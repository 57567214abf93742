//! What may hide LSL's streams: several network cards, a VPN, a firewall; and how to get past it.

use std::path::Path;

/// What to do when no stream at all answers. Names the network cards that are up, where the system tells them.
pub fn hint() -> String {
    hint_for(&cards_up(Path::new("/sys/class/net")))
}

/// The network cards that are up, and what about them may hide a stream.
pub fn cards() -> (Vec<String>, Option<String>) {
    let cards = cards_up(Path::new("/sys/class/net"));
    let why = cause(&cards);
    (cards, why)
}

fn cause(cards: &[String]) -> Option<String> {
    let tunnels: Vec<&str> = cards.iter().map(String::as_str).filter(|c| is_tunnel(c)).collect();
    if !tunnels.is_empty() {
        Some(format!("A VPN or tunnel is up ({}) and may hide streams", tunnels.join(", ")))
    } else if cards.len() > 1 {
        let named = cards.join(", ");
        Some(format!("Several network cards are up ({named}), and LSL may ask on the wrong one"))
    } else {
        None
    }
}

fn hint_for(cards: &[String]) -> String {
    let cause = cause(cards).map_or_else(String::new, |cause| format!("{cause}. "));
    format!(
        "Start the program that sends it, on this network. {cause}Where multicast does not get through, name the sender's \
         address: a file lsl_api.cfg in this folder or in ~/lsl_api with the lines [lab] and KnownPeers = {{192.168.1.20}}, \
         for its address. A firewall must let UDP 16571 and TCP and UDP 16572 to 16604 pass"
    )
}

/// Virtual cards of VPNs and tunnels, by the names that Linux, macOS and the usual programs give them.
fn is_tunnel(card: &str) -> bool {
    ["tun", "tap", "wg", "ppp", "utun", "tailscale", "zt", "nordlynx", "ipsec"]
        .iter()
        .any(|prefix| card.starts_with(prefix))
}

/// Names of the cards that are up, loopback left out; none where the system does not tell.
fn cards_up(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_up = |path: &Path| {
        let state = std::fs::read_to_string(path.join("operstate")).unwrap_or_default();
        // Tunnels have no carrier and say "unknown".
        matches!(state.trim(), "up" | "unknown")
    };
    let mut cards: Vec<String> = entries
        .flatten()
        .filter(|entry| is_up(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "lo")
        .collect();
    cards.sort();
    cards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_names_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        for (card, state) in [("lo", "unknown"), ("eth0", "up"), ("wlan0", "down")] {
            std::fs::create_dir(folder.path().join(card)).unwrap();
            std::fs::write(folder.path().join(card).join("operstate"), state).unwrap();
        }
        let cards = cards_up(folder.path());
        assert_eq!(cards, ["eth0"]);
        assert!(hint_for(&cards).contains("KnownPeers") && !hint_for(&cards).contains("eth0"));
        let two = ["eth0".to_owned(), "wlan0".to_owned()];
        assert!(hint_for(&two).contains("eth0, wlan0"));
        let vpn = ["eth0".to_owned(), "wg0".to_owned()];
        assert!(hint_for(&vpn).contains("VPN") && hint_for(&vpn).contains("wg0"));
        assert!(cards_up(Path::new("/no/such/folder")).is_empty());
    }
}
