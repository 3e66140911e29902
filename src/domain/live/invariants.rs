//! What must hold after every event, whatever came. Tests call it after each step.

use super::floor::Floor;

impl Floor {
    /// Checks that the indexes agree with what they index.
    ///
    /// # Errors
    /// The first contradiction, in words.
    pub fn verify(&self) -> Result<(), String> {
        for (id, channel) in &self.channels {
            let found = |key| self.legs.get(key).is_some_and(|legs| legs.contains(id));
            if let Some(key) = channel.keys().find(|key| !found(*key)) {
                return Err(format!("channel {id} is missing among the legs of {key}"));
            }
            if let Some(bridge) = &channel.bridge
                && !self.bridges.get(bridge).is_some_and(|inside| inside.contains(id))
            {
                return Err(format!("channel {id} says bridge {bridge}, which does not hold it"));
            }
        }
        for (key, seats) in &self.seats {
            let stray = |(queue, interface): &&_| {
                self.member_at(queue, interface).is_none_or(|member| !member.keys.contains(key))
            };
            if let Some((queue, interface)) = seats.iter().find(stray) {
                return Err(format!("the seat of {interface} in {queue} under {key} is nobody's"));
            }
        }
        for (endpoint, legs) in &self.legs {
            if let Some(stray) = legs.iter().find(|id| !self.channels.contains_key(*id)) {
                return Err(format!("leg {stray} of {endpoint} is no channel"));
            }
        }
        for (bridge, inside) in &self.bridges {
            let stray =
                |id| self.channels.get(id).is_none_or(|channel| channel.bridge.as_ref() != Some(bridge));
            if inside.is_empty() || inside.iter().any(stray) {
                return Err(format!("bridge {bridge} is empty or holds one that is not in it"));
            }
        }
        for (name, queue) in &self.queues {
            for (interface, member) in &queue.members {
                let seat = (name.clone(), interface.clone());
                let seated = |key| self.seats.get(key).is_some_and(|seats| seats.contains(&seat));
                if member.keys.is_empty() || !member.keys.iter().all(seated) {
                    return Err(format!("member {interface} of {name} has no seat"));
                }
            }
            let mut ids: Vec<_> = queue.callers.iter().map(|caller| &caller.id).collect();
            ids.sort_unstable();
            ids.dedup();
            if ids.len() != queue.callers.len() {
                return Err(format!("queue {name} holds a caller twice"));
            }
        }
        Ok(())
    }
}
