"""Turns weights that only Python libraries read into weights that engines read.

Tegula runs this file in a process of its own, mostly without network and with one folder to write to. One JSON job comes
on standard input, one JSON object goes to standard output; whatever libraries and packages print goes to standard
error. Beside the standard library it needs numpy and the library of the weights.
"""

import importlib
import importlib.util
import json
import os
import sys
import zipfile


class Refusal(Exception):
    """A sentence for the user. Kinds: missing (a Python package), trust (needs --trust-code), exhausted, failed."""

    def __init__(self, kind, sentence):
        super().__init__(sentence)
        self.kind = kind


def first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return text if len(text) <= 300 else text[:300] + " ..."


def needed(name, reason):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Refusal("missing", f"{reason} needs the Python package {name}, which cannot be imported in "
                                 f"{sys.executable}: {first_line(error)}") from error


# --- what this Python has ---

def probe(job):
    missing = [name for name in job["modules"] if importlib.util.find_spec(name) is None]
    return {"executable": sys.executable, "missing": missing}


# --- PyTorch ---

def callable_of(architecture):
    name = architecture["callable"]
    if architecture["file"]:
        where = architecture["source"]
        spec = importlib.util.spec_from_file_location("architecture_of_package", architecture["file"])
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
    else:
        where = architecture["import_from"]
    try:
        if architecture["file"]:
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(where)
    except ModuleNotFoundError as error:
        raise Refusal("missing", f"the architecture in {where} needs the Python package {error.name}, which "
                                 f"{sys.executable} does not have") from error
    except MemoryError:
        raise
    except BaseException as error:
        raise Refusal("failed", f"the architecture in {where} cannot be imported: {first_line(error)}") from error
    if not callable(getattr(module, name, None)):
        raise Refusal("failed", f"there is nothing to call by the name of {name} in {where}")
    return getattr(module, name), where


def network_of(job, torch):
    architecture = job["architecture"]
    make, where = callable_of(architecture)
    is_network = isinstance(make, type) and issubclass(make, torch.nn.Module)
    if not job["trust"] and not is_network:
        raise Refusal("trust", f"{where}.{architecture['callable']} is not a network of PyTorch but something that would "
                               "run, so it needs --trust-code")
    try:
        network = make(**json.loads(architecture["kwargs"]))
    except MemoryError:
        raise
    except BaseException as error:
        raise Refusal("failed", f"{architecture['callable']} of {where} fails with the arguments of the description: "
                                f"{first_line(error)}") from error
    if not isinstance(network, torch.nn.Module):
        raise Refusal("failed", f"{architecture['callable']} of {where} gives {type(network).__name__}, not a torch.nn.Module")
    return network


def load_state(job, torch, network):
    try:
        state = torch.load(job["weights"], map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:
        raise Refusal("failed", "the weights are refused, as only files that hold nothing but tensors under names are "
                                f"loaded: {first_line(error)}") from error
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise Refusal("failed", "the weights are not a state dict, which is tensors under names")
    try:
        network.load_state_dict(state, strict=job["strict"])
    except Exception as error:
        lines = " ".join(str(error).split())
        raise Refusal("failed", f"the weights do not fit the architecture: {lines[:300]}") from error
    return network.eval().requires_grad_(False)


def tensors_of(answer, torch):
    if isinstance(answer, torch.Tensor):
        return [answer]
    values = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, (list, tuple)) else []
    return [tensor for value in values for tensor in tensors_of(value, torch)]


def is_same(actual, expected, torch):
    return len(actual) == len(expected) and all(
        a.shape == e.shape and torch.allclose(a.double(), e.double(), rtol=1e-3, atol=1e-4, equal_nan=True)
        for a, e in zip(actual, expected))


def compiled(job, torch, network, first, others):
    """The network as TorchScript: traced if the trace answers as the network does at every size, else scripted."""
    expected = [(inputs, tensors_of(network(*inputs), torch)) for inputs in [first]]
    for inputs in others:
        try:
            expected.append((inputs, tensors_of(network(*inputs), torch)))
        except Exception as error:
            print(f"the network itself does not take another size: {first_line(error)}", file=sys.stderr)
    ways = {"traced": lambda: torch.jit.trace(network, first, check_trace=False, strict=False),
            "scripted": lambda: torch.jit.script(network)}
    reasons = []
    for name, make in ways.items():
        try:
            module = make()
            if all(is_same(tensors_of(module(*inputs), torch), answer, torch) for inputs, answer in expected):
                return module, name
            reasons.append(f"{name} it gives other numbers at another size")
        except MemoryError:
            raise
        except Exception as error:
            reasons.append(f"it cannot be {name}: {first_line(error)}")
    raise Refusal("failed", "the network cannot be turned into TorchScript: " + "; ".join(reasons))


def save_onnx(job, torch, network, first):
    names = [[f"{kind}{i}" for i in range(count)] for kind, count in (("input", len(first)), ("output", job["outputs"]))]
    free = {name: {axis: f"{name}_{axis}" for axis in axes}
            for name, axes in zip(names[0] + names[1], job["free_axes"]) if axes}
    opset = 17
    try:
        torch.onnx.export(network, first, job["output"], opset_version=opset, input_names=names[0], output_names=names[1],
                          dynamic_axes=free, dynamo=False)
    except MemoryError:
        raise
    except Exception as error:
        raise Refusal("failed", f"PyTorch cannot export the network to ONNX: {first_line(error)}") from error
    return opset


def convert_state_dict(job):
    numpy = needed("numpy", "converting pytorch_state_dict")
    torch = needed("torch", "converting pytorch_state_dict")
    torch.set_num_threads(job["threads"])
    first, *others = [tuple(torch.from_numpy(numpy.load(name, allow_pickle=False)) for name in names)
                      for names in job["inputs"]]
    with torch.no_grad():
        network = load_state(job, torch, network_of(job, torch))
        answer = {"framework_version": torch.__version__}
        if job["to"] == "onnx":
            return answer | {"how": "exported", "opset_version": save_onnx(job, torch, network, first)}
        module, how = compiled(job, torch, network, first, others)
        torch.jit.save(module, job["output"])
    return answer | {"how": how}


# --- Keras ---

def foreign_code(config):
    """The first thing in a model's config that is code, or is not Keras' own; nothing if there is none."""
    # What the training needed is not loaded.
    stack = [value for key, value in config.items() if key != "compile_config"]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        if not isinstance(node, dict):
            continue
        stack.extend(node.values())
        name, module = node.get("class_name"), node.get("module")
        if name in ("Lambda", "__lambda__"):
            return "a Lambda layer, which is Python code"
        if name == "function":
            return f"the function {node.get('config')}, which is not of Keras"
        if isinstance(name, str) and isinstance(module, str) and module.split(".")[0] not in ("keras", "builtins", "tf_keras"):
            return f"{module}.{name}, which is not of Keras"
    return None


def config_of(job):
    """A model's config, read without Keras."""
    if job["from"] == "keras_v3":
        with zipfile.ZipFile(job["weights"]) as archive:
            return json.loads(archive.read("config.json"))
    h5py = needed("h5py", "converting keras_hdf5")
    with h5py.File(job["weights"], "r") as file:
        text = file.attrs.get("model_config")
    if text is None:
        raise Refusal("failed", "the weights hold no description of the network, so there is nothing to build; ask the "
                                "model's authors for a file that holds both")
    return json.loads(text)


def load_keras(job):
    config = config_of(job)
    code = foreign_code(config)
    if code and not job["trust"]:
        raise Refusal("trust", f"the weights hold {code}, so they need --trust-code")
    names = ["keras"] if job["from"] == "keras_v3" else ["tf_keras", "keras"]
    reasons = []
    for name in names:
        if importlib.util.find_spec(name) is None:
            continue
        keras = needed(name, "converting " + job["from"])
        words = {"compile": False} | ({"safe_mode": not job["trust"]} if job["from"] == "keras_v3" or name == "keras" else {})
        try:
            return keras.models.load_model(job["weights"], **words)
        except MemoryError:
            raise
        except Exception as error:
            reasons.append(f"{name} {keras.__version__}: {first_line(error)}")
    if not reasons:
        raise Refusal("missing", f"converting {job['from']} needs the Python package {names[-1]}, which {sys.executable} does "
                                 "not have")
    raise Refusal("failed", "the weights cannot be loaded: " + "; ".join(reasons))


def convert_keras(job):
    tensorflow = needed("tensorflow", "converting " + job["from"])
    try:
        model = load_keras(job)
        folder = job["output"] + ".folder"
        model.export(folder)
    except (MemoryError, Refusal):
        raise
    except Exception as error:
        raise Refusal("failed", f"Keras cannot export the network: {first_line(error)}") from error
    with zipfile.ZipFile(job["output"], "w", zipfile.ZIP_STORED) as archive:
        for parent, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(parent, name)
                archive.write(path, os.path.relpath(path, folder))
    return {"framework_version": tensorflow.__version__, "how": "exported"}


# --- one job ---

TASKS = {"probe": probe, "pytorch_state_dict": convert_state_dict, "keras_v3": convert_keras, "keras_hdf5": convert_keras}


def answer_of(job):
    try:
        return TASKS[job["from"]](job)
    except Refusal as refusal:
        return {"error": str(refusal), "kind": refusal.kind}
    except MemoryError:
        return {"error": "the memory that the conversion may use is not enough (--memory)", "kind": "exhausted"}
    except BaseException as error:
        is_memory = "allocate memory" in str(error) or "OOM" in str(error)
        return {"error": first_line(error), "kind": "exhausted" if is_memory else "failed"}


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(answer_of(json.loads(sys.stdin.read())), answers)
    answers.flush()
    # What threads of libraries do at their end is nobody's concern.
    os._exit(0)


main()
