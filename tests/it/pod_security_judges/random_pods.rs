//! Pods that no one would write: every field that a check looks at, with good, bad and odd values.

use serde_json::{Map, Value, json};

use crate::dice::Dice;

const VOLUMES: [&str; 30] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

const SYSCTLS: [&str; 9] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_notsent_lowat",
    "kernel.msgmax",
    "net/ipv4/tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "",
];

/// Values of annotations: allowed, forbidden, and such that quoting them is an art.
const PROFILES: [&str; 11] = [
    "unconfined",
    "runtime/default",
    "docker/default",
    "localhost/x",
    "localhost/",
    "",
    "we\"ird\n",
    "é\u{a0}\u{200b}x",
    "\u{7}\u{1f}\\\u{7f}",
    "😀\u{301}",
    "Unconfined",
];

/// One pod.
pub(super) fn pod(dice: &mut Dice) -> Value {
    let mut spec = Map::new();
    for (list, most) in [("initContainers", 2), ("containers", 3), ("ephemeralContainers", 1)] {
        let containers: Vec<_> = (0..dice.below(most + 1)).map(|_| container(dice)).collect();
        if !containers.is_empty() {
            spec.insert(list.to_owned(), containers.into());
        }
    }
    if dice.percent(60) {
        spec.insert("securityContext".to_owned(), pod_context(dice));
    }
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if dice.percent(12) {
            spec.insert(key.to_owned(), dice.pick(&[true, true, false]).into());
        }
    }
    if dice.percent(20) {
        spec.insert("hostUsers".to_owned(), dice.pick(&[true, false, false]).into());
    }
    if dice.percent(20) {
        spec.insert("os".to_owned(), json!({"name": dice.pick(&["windows", "windows", "linux"])}));
    }
    if dice.percent(40) {
        let volumes: Vec<_> = (0..dice.below(5)).map(|index| volume(dice, index)).collect();
        spec.insert("volumes".to_owned(), volumes.into());
    }
    let mut metadata = json!({"name": "p"});
    if dice.percent(40) {
        metadata["annotations"] = annotations(dice);
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

fn annotations(dice: &mut Dice) -> Value {
    let mut annotations = Map::new();
    for _ in 0..dice.below(4) {
        let prefix = dice.pick(&[
            "container.apparmor.security.beta.kubernetes.io/",
            "container.seccomp.security.alpha.kubernetes.io/",
        ]);
        let key = format!("{prefix}{}", dice.pick(&["a", "b", "c", "gone"]));
        annotations.insert(key, dice.pick(&PROFILES).into());
    }
    if dice.percent(40) {
        annotations.insert("seccomp.security.alpha.kubernetes.io/pod".to_owned(), dice.pick(&PROFILES).into());
    }
    annotations.into()
}

fn volume(dice: &mut Dice, index: usize) -> Value {
    let mut volume = json!({"name": format!("{}{index}", dice.pick(&["v", "w", "a"]))});
    // Now and then without a source, which is an emptyDir, or with two.
    for chance in [92, 8] {
        if dice.percent(chance) {
            volume[dice.pick(&VOLUMES)] = json!({});
        }
    }
    volume
}

fn container(dice: &mut Dice) -> Value {
    let name = format!("{}{}", dice.pick(&["a", "b", "c", "z", "x\"y", "ü"]), dice.pick(&["", "", "1"]));
    let mut container = json!({"name": name});
    if dice.percent(85) {
        container["securityContext"] = container_context(dice);
    }
    if dice.percent(30) {
        let ports = (0..dice.below(4)).map(|_| {
            let mut port = json!({"containerPort": dice.pick(&[80, 8080, 9, 10])});
            if dice.percent(60) {
                port["hostPort"] = dice.pick(&[0, 80, 8080, 9, 443]).into();
            }
            port
        });
        container["ports"] = ports.collect();
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if dice.percent(8) {
            container[probe] = handler(dice);
        }
    }
    if dice.percent(12) {
        container["lifecycle"] = json!({"postStart": handler(dice), "preStop": handler(dice)});
    }
    container
}

fn handler(dice: &mut Dice) -> Value {
    let mut handler = json!({});
    for (key, chance) in [("httpGet", 60), ("tcpSocket", 50)] {
        if dice.percent(chance) {
            handler[key] = json!({"port": 80, "host": dice.pick(&["", "10.0.0.1", "b.example", "a\"q", "zz"])});
        }
    }
    handler
}

/// Sets a field by chance.
fn maybe(context: &mut Value, dice: &mut Dice, chance: usize, key: &str, value: impl FnOnce(&mut Dice) -> Value) {
    if dice.percent(chance) {
        context[key] = value(dice);
    }
}

fn profile(dice: &mut Dice) -> Value {
    dice.pick(&[
        json!({}),
        json!({"type": "RuntimeDefault"}),
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Localhost", "localhostProfile": "x"}),
        json!({"type": "Unconfined"}),
        json!({"type": "weird"}),
        json!({"type": ""}),
    ])
}

fn context_of_both(dice: &mut Dice) -> Value {
    let mut context = json!({});
    maybe(&mut context, dice, 40, "runAsNonRoot", |dice| {
        dice.pick(&[json!(true), json!(true), json!(false), json!(null)])
    });
    maybe(&mut context, dice, 25, "runAsUser", |dice| dice.pick(&[0, 1, 1000]).into());
    maybe(&mut context, dice, 35, "seccompProfile", profile);
    maybe(&mut context, dice, 15, "appArmorProfile", profile);
    maybe(&mut context, dice, 20, "seLinuxOptions", |dice| {
        let mut options = json!({});
        let types = ["", "container_t", "container_init_t", "container_engine_t", "spc_t", "z"];
        maybe(&mut options, dice, 70, "type", |dice| dice.pick(&types).into());
        maybe(&mut options, dice, 40, "user", |dice| dice.pick(&["", "u"]).into());
        maybe(&mut options, dice, 40, "role", |dice| dice.pick(&["", "r"]).into());
        maybe(&mut options, dice, 40, "level", |_| json!("s0"));
        options
    });
    maybe(&mut context, dice, 15, "windowsOptions", |dice| {
        dice.pick(&[json!({}), json!({"hostProcess": true}), json!({"hostProcess": false})])
    });
    context
}

fn pod_context(dice: &mut Dice) -> Value {
    let mut context = context_of_both(dice);
    maybe(&mut context, dice, 20, "sysctls", |dice| {
        (0..dice.below(5)).map(|_| json!({"name": dice.pick(&SYSCTLS), "value": "1"})).collect()
    });
    context
}

fn container_context(dice: &mut Dice) -> Value {
    let mut context = context_of_both(dice);
    maybe(&mut context, dice, 50, "allowPrivilegeEscalation", |dice| dice.pick(&[true, false, false, false]).into());
    maybe(&mut context, dice, 50, "capabilities", |dice| {
        let mut capabilities = json!({});
        maybe(&mut capabilities, dice, 70, "drop", |dice| {
            dice.pick(&[
                json!(["ALL"]),
                json!(["ALL"]),
                json!(["all"]),
                json!(["NET_RAW", "ALL"]),
                json!([]),
                json!(null),
            ])
        });
        maybe(&mut capabilities, dice, 60, "add", |dice| {
            dice.pick(&[
                json!(["NET_BIND_SERVICE"]),
                json!(["CHOWN", "SYS_ADMIN"]),
                json!(["CAP_CHOWN"]),
                json!(["KILL"]),
                json!(["BPF", "ALL", "BPF"]),
            ])
        });
        capabilities
    });
    maybe(&mut context, dice, 15, "privileged", |dice| dice.pick(&[true, false]).into());
    maybe(&mut context, dice, 15, "procMount", |dice| dice.pick(&["Default", "Unmasked", "", "X"]).into());
    context
}
