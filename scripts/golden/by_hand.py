"""The model written out step by step, for what PyTorch has no modules for: the other cells, windows
of attention, coverage, residual layers and GNMT's attention. One sentence at a time, from the
equations in the headers of src/nn and src/model; PyTorch gives the products and the gradients."""
import torch
from torch import nn
from torch.nn.functional import layer_norm

BEGIN, END = 2, 3


def matrix(rows, columns):
    return nn.Parameter(torch.zeros(rows, columns))


def vector(size):
    return nn.Parameter(torch.zeros(size))


class Cell(nn.Module):
    """forward(x, state): state and result are lists of vectors, h first. `gates` is the height of
    `input` and `bias` in units of H, `recurrent` that of the recurrent matrix."""
    gates, recurrent_gates, biases, states = 4, 4, 4, 2

    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = hidden
        self.input = matrix(self.gates * hidden, inputs)
        self.recurrent = matrix(self.recurrent_gates * hidden, hidden)
        self.bias = vector(self.biases * hidden)
        self.more(hidden)

    def more(self, hidden):
        pass

    def parts(self, v):
        return v.split(self.hidden)

    def gate_inputs(self, x, h):
        return self.parts(self.input @ x + self.recurrent @ h + self.bias)


class Lstm(Cell):
    def forward(self, x, state):
        h, c = state
        i, f, g, o = self.gate_inputs(x, h)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return [torch.sigmoid(o) * torch.tanh(c), c]


class LstmPeephole(Cell):
    def more(self, hidden):
        self.peephole = vector(3 * hidden)

    def forward(self, x, state):
        h, c = state
        i, f, g, o = self.gate_inputs(x, h)
        p_i, p_f, p_o = self.parts(self.peephole)
        new = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
        return [torch.sigmoid(o + p_o * new) * torch.tanh(new), new]


class LstmCoupled(Cell):
    gates = recurrent_gates = biases = 3

    def forward(self, x, state):
        h, c = state
        f, g, o = self.gate_inputs(x, h)
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(g)
        return [torch.sigmoid(o) * torch.tanh(c), c]


class LstmNorm(Cell):
    def more(self, hidden):
        self.input_gain, self.recurrent_gain = vector(4 * hidden), vector(4 * hidden)
        self.cell_gain, self.cell_bias = vector(hidden), vector(hidden)

    def forward(self, x, state):
        h, c = state
        all_gates = (4 * self.hidden,)
        i, f, g, o = self.parts(layer_norm(self.input @ x, all_gates, self.input_gain) +
                                layer_norm(self.recurrent @ h, all_gates, self.recurrent_gain) +
                                self.bias)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        seen = layer_norm(c, (self.hidden,), self.cell_gain, self.cell_bias)
        return [torch.sigmoid(o) * torch.tanh(seen), c]


class GruBefore(Cell):
    gates = recurrent_gates = biases = 3
    states = 1

    def forward(self, x, state):
        h, = state
        a_r, a_z, a_n = self.parts(self.input @ x + self.bias)
        w_r, w_z, w_n = self.parts(self.recurrent)
        r, z = torch.sigmoid(a_r + w_r @ h), torch.sigmoid(a_z + w_z @ h)
        return [(1 - z) * torch.tanh(a_n + w_n @ (r * h)) + z * h]


class GruNorm(Cell):
    gates = recurrent_gates = biases = 3
    states = 1

    def more(self, hidden):
        self.input_gain, self.recurrent_gain = vector(3 * hidden), vector(3 * hidden)
        self.recurrent_bias = vector(hidden)

    def normalised(self, v, gain):
        n = 2 * self.hidden
        return (layer_norm(v[:n], (n,), gain[:n]),
                layer_norm(v[n:], (self.hidden,), gain[n:]))

    def forward(self, x, state):
        h, = state
        x_rz, x_n = self.normalised(self.input @ x, self.input_gain)
        h_rz, h_n = self.normalised(self.recurrent @ h, self.recurrent_gain)
        r, z = self.parts(torch.sigmoid(x_rz + h_rz + self.bias[:2 * self.hidden]))
        n = torch.tanh(x_n + self.bias[2 * self.hidden:] + r * (h_n + self.recurrent_bias))
        return [(1 - z) * n + z * h]


class Mut1(Cell):
    gates, recurrent_gates, biases, states = 1, 2, 3, 1

    def more(self, hidden):
        self.inner = matrix(2 * hidden, hidden)

    def forward(self, x, state):
        h, = state
        x = self.input @ x
        b_r, b_z, b_n = self.parts(self.bias)
        x_r, x_z = self.parts(self.inner)
        h_r, h_h = self.parts(self.recurrent)
        r, z = torch.sigmoid(x_r @ x + h_r @ h + b_r), torch.sigmoid(x_z @ x + b_z)
        return [torch.tanh(h_h @ (r * h) + torch.tanh(x) + b_n) * z + h * (1 - z)]


class Mut2(Cell):
    gates, recurrent_gates, biases, states = 1, 3, 3, 1

    def more(self, hidden):
        self.inner = matrix(2 * hidden, hidden)

    def forward(self, x, state):
        h, = state
        x = self.input @ x
        b_r, b_z, b_n = self.parts(self.bias)
        x_z, x_n = self.parts(self.inner)
        h_r, h_z, h_h = self.parts(self.recurrent)
        r, z = torch.sigmoid(x + h_r @ h + b_r), torch.sigmoid(x_z @ x + h_z @ h + b_z)
        return [torch.tanh(h_h @ (r * h) + x_n @ x + b_n) * z + h * (1 - z)]


class Mut3(Cell):
    gates = recurrent_gates = biases = 3
    states = 1

    def forward(self, x, state):
        h, = state
        a_r, a_z, a_n = self.parts(self.input @ x + self.bias)
        w_r, w_z, w_h = self.parts(self.recurrent)
        r, z = torch.sigmoid(a_r + w_r @ h), torch.sigmoid(a_z + w_z @ torch.tanh(h))
        return [torch.tanh(a_n + w_h @ (r * h)) * z + h * (1 - z)]


CELLS = {"lstm": Lstm, "lstm_peephole": LstmPeephole, "lstm_coupled": LstmCoupled,
         "lstm_norm": LstmNorm, "gru_before": GruBefore, "gru_norm": GruNorm,
         "mut1": Mut1, "mut2": Mut2, "mut3": Mut3}


class Attention(nn.Module):
    """Score x window, with coverage."""

    def __init__(self, options, query, annotation):
        super().__init__()
        self.options = options
        size = options["size"]
        if options["score"] == "concat":
            self.query, self.key, self.v = matrix(size, query), matrix(size, annotation), vector(size)
        if options["score"] == "general":
            self.key = matrix(query, annotation)
        if options.get("window") == "local_p":
            self.position, self.position_v = matrix(size, query), vector(size)
        if options.get("coverage"):
            self.coverage = vector(size if options["score"] == "concat" else query)
        if options.get("coverage") == "fertility":
            self.fertility = vector(annotation)

    def forward(self, query, annotations, step, covered):
        """-> context, weights of all words, coverage after it"""
        keys, words = annotations, torch.arange(len(annotations))
        if hasattr(self, "key"):
            keys = annotations @ self.key.T
        if hasattr(self, "coverage"):
            keys = keys + torch.outer(covered, self.coverage)
        energy = torch.tanh(keys + self.query @ query) @ self.v if hasattr(self, "v") \
            else keys @ query
        window, width = self.options.get("window", "global"), self.options.get("width", 10)
        if window == "global":
            weights = torch.softmax(energy, 0)
        else:
            centre = torch.tensor(float(min(step, len(annotations) - 1)))
            if window == "local_p":
                share = torch.sigmoid(self.position_v @ torch.tanh(self.position @ query))
                centre = len(annotations) * share
            outside = (words - centre).abs() > width
            weights = torch.softmax(energy.masked_fill(outside, -torch.inf), 0)
            if window == "local_p":
                weights = weights * torch.exp(-(words - centre) ** 2 / (2 * (width / 2) ** 2))
        needed = 1
        if hasattr(self, "fertility"):
            needed = 2 * torch.sigmoid(annotations @ self.fertility)
        return weights @ annotations, weights, covered + weights / needed


class HandModel(nn.Module):
    def __init__(self, vocabulary, m, a):
        super().__init__()
        self.m, self.a = m, a
        self.residual = (m.get("residual", 0) or 1000) - 1
        self.target = matrix(vocabulary[1], m["embedding"])
        self.source = matrix(vocabulary[0], m["embedding"])
        self.encoder, width = nn.ModuleList(), m["embedding"]
        for layer in range(m["encoder_layers"]):
            both = m["bidirectional"] and (layer == 0 or
                                           m.get("bidirectional_layers", "all") == "all")
            self.encoder.append(nn.ModuleList(CELLS[m["encoder_cell"]](width, m["encoder_hidden"])
                                              for _ in range(2 if both else 1)))
            width = m["encoder_hidden"] * (2 if both else 1)
        hidden, self.gnmt = m["decoder_hidden"], a["place"] == "gnmt"
        first = m["embedding"] + (m["readout"] if a["feeding"] else 0) + \
            (0 if a["place"] == "after" else width)
        self.decoder = nn.ModuleList(
            CELLS[m["decoder_cell"]](hidden + (width if self.gnmt else 0) if layer else first,
                                     hidden) for layer in range(m["decoder_layers"]))
        self.states = self.decoder[0].states
        self.attention = Attention(a, hidden, width)
        seen = hidden + width + (0 if a["place"] == "after" else m["embedding"])
        self.readout, self.readout_bias = matrix(m["readout"], seen), vector(m["readout"])
        if m["bridge"] == "dense":
            self.bridge = matrix(m["decoder_layers"] * self.states * hidden, width)
            self.bridge_bias = vector(m["decoder_layers"] * self.states * hidden)
        self.output, self.output_bias = matrix(vocabulary[1], m["readout"]), vector(vocabulary[1])

    def encode(self, source):
        """-> annotations [S, M], last state of the top layer's directions side by side, by part"""
        rows = [self.source[word] for word in source + [END]]
        for layer, directions in enumerate(self.encoder):
            outputs, last = [], []
            for backward, cell in enumerate(directions):
                state, out = [torch.zeros(cell.hidden)] * cell.states, []
                for x in rows[::-1] if backward else rows:
                    state = cell(x, state)
                    out.append(state[0])
                outputs.append(out[::-1] if backward else out)
                last.append(state)
            above = [torch.cat(parts) for parts in zip(*outputs)]
            if layer >= self.residual:
                above = [h + x for h, x in zip(above, rows)]
            rows = above
        return torch.stack(rows), [torch.cat(parts) for parts in zip(*last)]

    def first_state(self, last):
        m = self.m
        if m["bridge"] == "zero":
            return [[torch.zeros(m["decoder_hidden"])] * self.states for _ in self.decoder]
        parts = (self.bridge @ last[0] + self.bridge_bias).split(m["decoder_hidden"])
        layers = [list(parts[i:i + self.states]) for i in range(0, len(parts), self.states)]
        return [[torch.tanh(layer[0])] + layer[1:] for layer in layers]

    def decode(self, annotations, state, target):
        """-> logits [T, V], weights [T, S], what coverage adds to the loss"""
        place, fed, penalty = self.a["place"], torch.zeros(self.m["readout"]), 0
        covered, logits, alignment = torch.zeros(len(annotations)), [], []
        for step, word in enumerate([BEGIN] + target):
            x = self.target[word]
            if place != "after":
                query = state[0 if self.gnmt else -1][0]
                context, weights, after = self.attention(query, annotations, step, covered)
            below = x
            for layer, cell in enumerate(self.decoder):
                inputs = [below]
                if place != "after" and (layer == 0 or self.gnmt):
                    inputs.append(context)
                if self.a["feeding"] and layer == 0:
                    inputs.append(fed)
                state[layer] = cell(torch.cat(inputs), state[layer])
                h = state[layer][0]
                below = h + below if layer >= self.residual else h
            if place == "after":
                context, weights, after = self.attention(below, annotations, step, covered)
            penalty = penalty + torch.minimum(weights, covered).sum()
            covered = after
            alignment.append(weights)
            fed = torch.tanh(self.readout @ torch.cat([below, context] +
                                                      ([] if place == "after" else [x])) +
                             self.readout_bias)
            logits.append(self.output @ fed + self.output_bias)
        return torch.stack(logits), torch.stack(alignment), \
            self.a.get("coverage_loss", 0.0) * penalty

    def forward(self, sources, targets):
        results = []
        for source, target in zip(sources, targets):
            annotations, last = self.encode(source)
            results.append(self.decode(annotations, self.first_state(last), target))
        return results

    def parameters_by_name(self):
        """Our names -> parameter"""
        table = {"target.embedding": self.target, "source.embedding": self.source,
                 "decoder.readout.weight": self.readout, "decoder.readout.bias": self.readout_bias,
                 "output.weight": self.output, "output.bias": self.output_bias}
        if self.m["bridge"] == "dense":
            table["bridge.weight"], table["bridge.bias"] = self.bridge, self.bridge_bias
        modules = {"decoder.attention": self.attention}
        modules.update(("decoder.%d" % i, cell) for i, cell in enumerate(self.decoder))
        for i, directions in enumerate(self.encoder):
            for name, cell in zip(("forward", "backward"), directions):
                modules["encoder.%d.%s" % (i, name)] = cell
        for prefix, module in modules.items():
            table.update((prefix + "." + name, p) for name, p in module.named_parameters())
        return table
