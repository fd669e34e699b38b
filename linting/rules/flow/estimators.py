"""What scikit-learn's functions and estimators (and those that follow its rules) make of data."""

from dataclasses import replace

from linting.rules.flow.call import Call
from linting.rules.flow.store import Store
from linting.rules.flow.value import ARRAY, UNKNOWN, Fit, FitKind, How, Part, Prediction, Split, Value, learned, rows_of

PACKAGES = frozenset({"sklearn", "imblearn", "xgboost", "lightgbm", "catboost"})
LEARNING = frozenset(
    {"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "QuantileTransformer"}
    | {"KBinsDiscretizer", "TargetEncoder", "SplineTransformer", "SimpleImputer", "KNNImputer", "IterativeImputer"}
    | {"PCA", "IncrementalPCA", "KernelPCA", "TruncatedSVD", "NMF", "FastICA", "FactorAnalysis"}
    | {"SelectKBest", "SelectPercentile", "SelectFromModel", "SelectFdr", "SelectFpr", "RFE", "RFECV"}
    | {"SequentialFeatureSelector", "VarianceThreshold", "TfidfVectorizer", "TfidfTransformer"}
)
"""Transformers of scikit-learn that learn numbers from the rows they are fitted on."""
OTHER_TRANSFORMERS = frozenset(
    {"Binarizer", "ColumnTransformer", "CountVectorizer", "DictVectorizer", "FeatureUnion", "FunctionTransformer"}
    | {"LabelBinarizer", "LabelEncoder", "MissingIndicator", "MultiLabelBinarizer", "Normalizer", "OneHotEncoder"}
    | {"OrdinalEncoder", "PolynomialFeatures"}
)
REGRESSORS = frozenset(
    {"ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "KernelRidge", "Lars", "LarsCV", "Lasso"}
    | {"LassoCV", "LassoLars", "LassoLarsCV", "LinearRegression", "LinearSVR", "NuSVR", "Ridge", "RidgeCV", "SVR"}
    | {"OrthogonalMatchingPursuit", "PLSRegression"}
)
CLASSIFIERS = frozenset(
    {"BernoulliNB", "CategoricalNB", "ComplementNB", "GaussianNB", "LinearDiscriminantAnalysis", "LinearSVC"}
    | {"LogisticRegression", "LogisticRegressionCV", "MultinomialNB", "NearestCentroid", "NuSVC", "Perceptron"}
    | {"QuadraticDiscriminantAnalysis", "SVC"}
)
TRAIN_TEST_SPLIT = "sklearn.model_selection.train_test_split"
CONFIGURING = frozenset({"set_params", "set_output"})


def is_classifier(value: Value) -> bool:
    """Whether the value is surely an estimator of classes."""
    return value.package in PACKAGES and (value.class_name.endswith("Classifier") or value.class_name in CLASSIFIERS)


def is_regressor(value: Value) -> bool:
    """Whether the value is surely an estimator of numbers."""
    return value.package in PACKAGES and (value.class_name.endswith("Regressor") or value.class_name in REGRESSORS)


def is_transformer(value: Value) -> bool:
    """Whether the value is surely one of scikit-learn's transformers."""
    return value.package == "sklearn" and value.class_name in LEARNING | OTHER_TRANSFORMERS


def is_estimator(value: Value) -> bool:
    """Whether the value is an object of one of these libraries that was made in this module."""
    return value.made is not None and value.package in PACKAGES


def function_result(function: str, call: Call, store: Store) -> Value:
    """Of a function or class of scikit-learn and its kin; `function` is the full name."""
    name = function.rpartition(".")[2]
    if function == TRAIN_TEST_SPLIT:
        return _parts(call)
    if name[:1].isupper() or name in {"make_pipeline", "make_column_transformer", "make_union"}:
        for value in call.all():
            # A pipeline or a meta-estimator may fit what it was given.
            store.lose_estimator(value)
        return Value(type=function, made=call.node)
    if function.startswith("sklearn.datasets."):
        return Value(rows=frozenset({call.node}))
    return UNKNOWN


def _parts(call: Call) -> Value:
    split = Split(call.node, call.values)
    halves: list[Value] = []
    for value in call.values:
        for part in (Part(split, "train"), Part(split, "test")):
            halves.append(replace(value, part=part, made=None, elements=None))
    return Value(elements=tuple(halves))


def method_result(owner: Value, name: str, call: Call, store: Store) -> Value:
    """Of a method of an estimator; what it learns is kept in the store."""
    assert owner.made is not None
    data = call.argument(0, "X", "raw_documents")
    match name:
        case "fit" | "partial_fit":
            _fit(owner, call, store)
            return owner
        case "fit_transform":
            fit = _fit(owner, call, store)
            return learned(rows_of(data, kind=ARRAY), fit)
        case "transform":
            known = store.fits.get(owner.made)
            return learned(rows_of(data, kind=ARRAY), *([known] if known else []))
        case "fit_resample":
            fit = Fit(call.node, owner.class_name, "resampler", data, call.argument(1, "y"))
            return Value(elements=tuple(learned(rows_of(v), fit) for v in (data, fit.target)))
        case "predict" | "predict_proba" | "decision_function":
            return _predicted(owner, name, data, store.fits.get(owner.made))
        case "score" | "get_params":
            return UNKNOWN
        case _ if name in CONFIGURING:
            return owner
        case _:
            # `load_model` and the like.
            store.lose_estimator(owner)
            return UNKNOWN


def _predicted(owner: Value, how: How, data: Value, fit: Fit | None) -> Value:
    return replace(rows_of(data, kind=ARRAY), prediction=Prediction(owner, how, data, fit))


def _fit(owner: Value, call: Call, store: Store) -> Fit:
    assert owner.made is not None
    kind: FitKind = "transformer" if is_transformer(owner) else "model"
    data = call.argument(0, "X", "raw_documents")
    fit = store.fits[owner.made] = Fit(call.node, owner.class_name, kind, data, call.argument(1, "y"))
    return fit
