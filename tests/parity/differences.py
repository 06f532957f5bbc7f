"""Where graphgrad answers otherwise than TensorFlow on purpose: why -> the names of the cases.

The test asserts that each of them still differs.
"""

DIFFERENCES: dict[str, tuple[str, ...]] = {
    "a stop is one tensor: its siblings from the same operation stay connected": (
        "connection/stop_one_output_of_a_split",
    ),
    "an output that nobody uses is None, never a zero that leaks from its sibling": (
        "connection/sibling_output_beside_its_source",
        "connection/unstacked_and_used_unevenly",
    ),
    "integers are constants, also among the xs": ("connection/integer_y_and_x_together",),
    "arguments are checked at once, with an error that says which item is wrong": (
        "structures/error[aggregation unused]",
        "structures/error[array as x]",
        "structures/error[none as x]",
        "structures/error[none as y]",
        "structures/error[none in xs]",
        "structures/error[none in ys]",
        "structures/error[number as y]",
        "structures/error[stop is None]",
        "structures/error[stop is a number]",
        "structures/error[stop is an operation]",
        "training/wrong_training[number as variable]",
        "structures/seed[scalar is not broadcast]",
    ),
    "arrays among the grad_ys take their y's width": ("structures/seed[number of wide float]",),
    "a derivative of torch's own: at ties of maximum and minimum each side gets half": (
        "conventions/tie[maximum, left]",
        "conventions/tie[maximum, right]",
        "conventions/tie[minimum, left]",
        "conventions/tie[minimum, right]",
    ),
    "a derivative of torch's own: what it is at NaN, and where the function has none": (
        "conventions/kink[nan goes through relu]",
        "conventions/kink[norm at 0]",
        "conventions/kink[selu at 0]",
        "conventions/kink[where around sqrt]",
        "conventions/kink[x**0 at 0]",
        "conventions/tie[atan2 at the origin, left]",
        "conventions/tie[atan2 at the origin, right]",
        "conventions/tie[maximum of nan, left]",
        "conventions/tie[minimum with nan, left]",
        "conventions/tie[pow of -2 and 3, right]",
        "conventions/tie[pow of 0 and 0, left]",
    ),
    "a derivative of torch's own: exact where TensorFlow divides by the zero that it went through": (
        "conventions/kink[cumprod through a zero]",
    ),
    "a derivative of torch's own: the third one of cumprod reads nothing of x": ("conventions/higher_orders[cumprod]",),
    "the second derivative of a variance is exact: TensorFlow holds the mean constant": (
        "conventions/higher_orders[variance]",
    ),
    "torch has no derivative for it": ("conventions/two_arguments[igamma]", "conventions/two_arguments[igammac]"),
    "a rule is recorded when its operation is, once, and not by each gradients()": ("rules/custom_gradient_is_lazy",),
    "a body does not differentiate a gradient that was made outside of it": (
        "conventions/hessian_by_a_map_over_a_gradient",
    ),
    "a loop variable keeps its dtype: refused where it is recorded": ("control/wrong_loop[dtype]",),
    "None may be fetched, as gradients() gives it, and a run may have nothing to do": (
        "sessions/empty_graph",
        "sessions/wrong_fetch[None inside]",
        "sessions/wrong_fetch[None]",
    ),
    "no number changes silently on its way into a run": ("sessions/value[1.5 into int32]", "sessions/value[None]"),
    "a tensor is fed once": ("sessions/wrong_feed[repeated key]",),
    "an operation has torch's name where TF1's operator has its own": (
        "graphs/name_of[of floordiv]",
        "graphs/name_of[of neg]",
        "graphs/name_of[of truediv]",
    ),
    "dtypes promote as in torch": (
        "graphs/wrong_when_recorded[addition of dtypes]",
        "graphs/wrong_when_recorded[exp of integers]",
        "graphs/wrong_when_recorded[fraction beside integers]",
        "graphs/wrong_when_recorded[logical of floats]",
        "graphs/wrong_when_recorded[product of widths]",
        "numbers/integers[truediv]",
    ),
    "an axis that is not there is torch's IndexError": (
        "graphs/wrong_when_recorded[axis]",
        "graphs/wrong_when_recorded[expand_dims]",
        "graphs/wrong_when_recorded[index]",
    ),
    "what no run can do is refused where it is recorded": ("graphs/wrong_when_recorded[transpose]",),
    "an overwritten value has no derivative, and 0 log 0 has one": (
        "arrays/gathered[dynamic_stitch]",
        "networks/cross_entropy[log_poisson]",
    ),
    "torch has no largest of no numbers": ("numbers/largest_of_nothing",),
    "the derivative of a cross entropy is exact, also for labels that do not sum to 1": (
        "training/other_loss[softmax of labels that do not sum to 1]",
    ),
    "gradients of lookups are dense: a row that no lookup reads has a gradient of zero, not none": (
        "training/rows_of_a_table[a rate in the graph]",
        "training/rows_of_a_table[adadelta]",
        "training/rows_of_a_table[ftrl regularised]",
        "training/rows_of_a_table[ftrl shrunk]",
        "training/rows_of_a_table[ftrl]",
        "training/rows_of_a_table[momentum]",
        "training/rows_of_a_table[nesterov]",
        "training/rows_of_a_table[rmsprop centred]",
        "training/rows_of_a_table[rmsprop with momentum]",
        "training/rows_of_a_table[rmsprop]",
    ),
}
