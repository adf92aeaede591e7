"""The template as CloudFormation would deploy it: translated by SAM's own translator, with parameters filled
in, conditions decided and references followed. Names that AWS would choose are made from those of the
resources."""

import copy
import logging
import os
import pathlib
import re

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# It would complain at exit that nobody published its metrics.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

REGION, ACCOUNT, STACK = "eu-west-1", "123456789012", "cartelera"
PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": STACK,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()


class Refused(Exception):
    """What CloudFormation would refuse before it creates anything."""


def load(path):
    """Reads the template, and replaces each folder of code by the object that `sam deploy` makes of it."""
    template = yaml_parse(path.read_text(encoding="utf-8"))
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            folder = resource["Properties"]["CodeUri"]
            place = pathlib.Path(os.path.normpath(path.parent / folder)).relative_to(path.parent.parent)
            if place.parent.as_posix() != "target/lambda":
                raise Refused(f"{name} has the code {folder}, but binaries are in target/lambda/NAME/")
            resource["Properties"]["CodeUri"] = f"s3://code/{place.name}.zip"
    return template


def parameters(template, given):
    """Returns all parameters by name, as strings or lists; refuses what CloudFormation refuses."""
    unknown = given.keys() - template["Parameters"].keys()
    if unknown:
        raise Refused(f"there are no parameters {sorted(unknown)}")
    values = {}
    for name, about in template["Parameters"].items():
        value = str(given.get(name, about.get("Default")))
        if about["Type"] == "Number":
            try:
                number = float(value)
            except ValueError:
                raise Refused(f"{name} is {value!r}, which is not a number") from None
            if not about.get("MinValue", number) <= number <= about.get("MaxValue", number):
                raise Refused(f"{name} is {value}, out of its range")
        if "AllowedValues" in about and value not in map(str, about["AllowedValues"]):
            raise Refused(f"{name} is {value!r}, which is not one of {about['AllowedValues']}")
        is_list = about["Type"] == "CommaDelimitedList"
        # CloudFormation applies the pattern to each item of a list.
        items = value.split(",") if is_list else [value]
        fits = all(re.fullmatch(about.get("AllowedPattern", ".*"), item) for item in items)
        if not fits or len(value) > about.get("MaxLength", len(value)):
            raise Refused(f"{name} is {value!r}: {about.get('ConstraintDescription')}")
        values[name] = items if is_list else value
    return values


class Stack:
    """A stack. `resources` are those that would be created, each with its `Type` and resolved `Properties`,
    by logical name.
    """

    def __init__(self, template, **given):
        self.source = template
        self.parameters = parameters(template, given)
        texts = {name: ",".join(v) if isinstance(v, list) else v for name, v in self.parameters.items()}
        os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
        # The translator modifies what it is given, and wants the managed policies of the account, which no
        # role here uses.
        self.translated = transform(copy.deepcopy(template), texts, NoManagedPolicies())
        self.conditions = self.translated.get("Conditions", {})
        for rule in self.translated.get("Rules", {}).values():
            if self.holds(rule.get("RuleCondition", True)):
                for assertion in rule["Assertions"]:
                    if not self.holds(assertion["Assert"]):
                        raise Refused(assertion["AssertDescription"])
        made = {
            name: resource
            for name, resource in self.translated["Resources"].items()
            if "Condition" not in resource or self.holds({"Condition": resource["Condition"]})
        }
        self.made = made
        self.resources = {name: self.resolve(resource) for name, resource in made.items()}
        self.outputs = {
            name: self.resolve(output["Value"])
            for name, output in self.translated["Outputs"].items()
            if "Condition" not in output or self.holds({"Condition": output["Condition"]})
        }

    def of(self, kind):
        """Returns the properties of the resources of one type, by logical name."""
        return {n: r.get("Properties", {}) for n, r in self.resources.items() if r["Type"] == kind}

    def holds(self, node):
        """Returns whether a condition holds."""
        if isinstance(node, bool):
            return node
        ((function, argument),) = node.items()
        match function:
            case "Condition":
                return self.holds(self.conditions[argument])
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::And":
                return all(map(self.holds, argument))
            case "Fn::Or":
                return any(map(self.holds, argument))
            case "Fn::Equals":
                left, right = map(self.resolve, argument)
                return str(left) == str(right)
            case "Fn::Contains":
                items, item = map(self.resolve, argument)
                return item in items
        raise Refused(f"{function} is not a condition")

    def resolve(self, node):
        """Returns a value with its references followed, without anything that is `AWS::NoValue`."""
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            match function:
                case "Ref":
                    return self.ref(argument)
                case "Fn::GetAtt":
                    name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                    return self.attribute(name, attribute)
                case "Fn::Sub":
                    text, values = argument if isinstance(argument, list) else (argument, {})
                    return re.sub(r"\$\{([^}!]+)\}", lambda match: self.substitute(match[1], values), text)
                case "Fn::If":
                    condition, yes, no = argument
                    return self.resolve(yes if self.holds({"Condition": condition}) else no)
                case "Fn::Join":
                    return argument[0].join(map(str, self.resolve(argument[1])))
                case "Fn::FindInMap":
                    mapping, first, second = map(self.resolve, argument)
                    return self.translated["Mappings"][mapping][first][second]
        found = {name: self.resolve(value) for name, value in node.items()}
        return {name: value for name, value in found.items() if value is not NOTHING}

    def substitute(self, name, values):
        """Returns what `Fn::Sub` puts in the place of a name."""
        if name in values:
            return str(self.resolve(values[name]))
        name, _, attribute = name.partition(".")
        return str(self.attribute(name, attribute) if attribute else self.ref(name))

    def ref(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        if name not in self.made:
            raise Refused(f"{name} is referred to, but not created")
        return self.identity(name)

    def identity(self, name):
        """Returns what `Ref` of a resource is."""
        resource = self.made[name]
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Lambda::Function":
                return self.resolve(properties["FunctionName"])
            case "AWS::Logs::LogGroup":
                return self.resolve(properties["LogGroupName"])
            case "AWS::ApiGatewayV2::Api" | "AWS::S3::Bucket":
                return f"{STACK}-{name.lower()}"
            case "AWS::SNS::Topic":
                return f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-{name}"
            case "AWS::ApiGatewayV2::DomainName":
                return self.resolve(properties["DomainName"])
            case "AWS::ApiGatewayV2::Stage":
                return self.resolve(properties["StageName"])
        return name

    def attribute(self, name, attribute):
        if name not in self.made:
            raise Refused(f"{name}.{attribute} is referred to, but {name} is not created")
        kind, identity = self.made[name]["Type"], self.identity(name)
        if attribute == "Arn":
            match kind:
                case "AWS::Lambda::Function":
                    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{identity}"
                case "AWS::IAM::Role":
                    return f"arn:aws:iam::{ACCOUNT}:role/{STACK}-{identity}"
                case "AWS::Logs::LogGroup":
                    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{identity}:*"
                case "AWS::S3::Bucket":
                    return f"arn:aws:s3:::{identity}"
                case "AWS::WAFv2::WebACL":
                    return f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/{identity}/1"
        known = {
            "AWS::ApiGatewayV2::DomainName": {
                "RegionalDomainName": f"d-1.execute-api.{REGION}.amazonaws.com",
                "RegionalHostedZoneId": "Z1",
            },
            "AWS::CloudFront::Distribution": {"DomainName": "d1.cloudfront.net"},
        }
        if attribute in known.get(kind, {}):
            return known[kind][attribute]
        raise Refused(f"{attribute} of a {kind} is not known here")


class NoManagedPolicies:
    """No managed policies: with one, a role would allow its function more than its own policies say."""

    def load(self):
        return {}


def binary_of(function):
    """Returns the name of the binary of a function, which is the name of its folder in target/lambda."""
    return function["Code"]["S3Key"].removesuffix(".zip")


def as_list(value):
    return value if isinstance(value, list) else [value]


def matches(pattern, text):
    """Returns whether a text matches a pattern with the wildcards `*` and `?` of IAM."""
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wild, text, re.DOTALL) is not None


def concerns(statement, action, resource):
    """Returns whether a statement is about an action on a resource."""
    return any(matches(a, action) for a in as_list(statement["Action"])) and any(
        matches(r, resource) for r in as_list(statement["Resource"])
    )


def allows(role, action, resource):
    """Returns whether the policies of a role allow an action on a resource."""
    statements = [s for p in role["Policies"] for s in as_list(p["PolicyDocument"]["Statement"])]
    if any(s["Effect"] != "Allow" or s.keys() - {"Sid", "Effect", "Action", "Resource"} for s in statements):
        raise Refused(f"only statements that allow something, without conditions, are understood here: {statements}")
    return any(concerns(s, action, resource) for s in statements)


def denies(policy, action, resource, context):
    """Returns whether the policy of a bucket denies everybody an action on a resource, for a request with
    these values of the keys of conditions.
    """
    statements = as_list(policy["Statement"])
    if any((s["Effect"], s["Principal"]) != ("Deny", "*") for s in statements):
        raise Refused(f"only statements that deny everybody something are understood here: {statements}")
    return any(concerns(s, action, resource) and satisfied(s.get("Condition", {}), context) for s in statements)


def satisfied(conditions, context):
    """Returns whether all conditions of a statement hold. Those with `Not` also hold if the request does not
    have the key.
    """

    def holds(operator, given, wanted):
        wanted = as_list(wanted)
        match operator:
            case "Bool":
                return given is not None and given in wanted
            case "NumericLessThan":
                return given is not None and any(float(given) < float(of) for of in wanted)
            case "ArnNotEquals":
                return given is None or not any(matches(of, given) for of in wanted)
        raise Refused(f"the condition {operator} is not understood here")

    return all(holds(op, context.get(k), v) for op, keys in conditions.items() for k, v in keys.items())
