//! Kinds of custom resources from which controllers make pods, and where in them those pods are described.
//!
//! Every row is a group, a kind, what stands at the paths, and the paths; a kind may have several rows. Paths hold for
//! every version of the group: one that a version lacks matches nothing there. A row is hardened only if its shape is
//! certain; the source beside each project is where that shape is declared.

use super::shape::Shape::{
    self, Container, Opaque, PartialSpec, PodContext, PodTemplate, ReducedSpec, ReducedTemplate, Volume,
};

/// Group, kind, what stands at the paths, paths.
pub(super) type Row = (&'static str, &'static str, Shape, &'static [&'static str]);

/// Kinds without a namespace: their pods run in namespaces that the object does not name.
pub(super) const CLUSTER_SCOPED: [(&str, &str); 8] = [
    ("argoproj.io", "ClusterAnalysisTemplate"),
    ("argoproj.io", "ClusterWorkflowTemplate"),
    ("apps.kruise.io", "SidecarSet"),
    ("cert-manager.io", "ClusterIssuer"),
    ("pkg.crossplane.io", "DeploymentRuntimeConfig"),
    ("serving.kserve.io", "ClusterServingRuntime"),
    ("tekton.dev", "ClusterTask"),
    ("trainer.kubeflow.org", "ClusterTrainingRuntime"),
];

/// The rows, by project. One line each, so that a row is read, changed and found as one thing.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    // Argo Rollouts, pkg/apis/rollouts/v1alpha1: PodTemplateSpec and JobSpec of Kubernetes. A Rollout with workloadRef
    // has no template.
    ("argoproj.io", "Rollout", PodTemplate, &["spec.template"]),
    ("argoproj.io", "Experiment", PodTemplate, &["spec.templates[*].template"]),
    ("argoproj.io", "AnalysisTemplate", PodTemplate, &["spec.metrics[*].provider.job.spec.template"]),
    ("argoproj.io", "ClusterAnalysisTemplate", PodTemplate, &["spec.metrics[*].provider.job.spec.template"]),
    ("argoproj.io", "AnalysisRun", PodTemplate, &["spec.metrics[*].provider.job.spec.template"]),
    // Argo Workflows, pkg/apis/workflow/v1alpha1: own templates; podSpecPatch is text, and the executor's containers
    // come later.
    ("argoproj.io", "Workflow", Opaque, &["spec.templates[*]", "spec.workflowTemplateRef"]),
    ("argoproj.io", "Workflow", PodContext, &["spec.securityContext", "spec.templates[*].securityContext",
        "spec.templateDefaults.securityContext"]),
    ("argoproj.io", "Workflow", Container, &["spec.templates[*].container", "spec.templates[*].script",
        "spec.templates[*].initContainers[*]", "spec.templates[*].sidecars[*]",
        "spec.templates[*].containerSet.containers[*]", "spec.templateDefaults.container",
        "spec.templateDefaults.script"]),
    ("argoproj.io", "Workflow", Volume, &["spec.volumes[*]", "spec.templates[*].volumes[*]"]),
    ("argoproj.io", "WorkflowTemplate", Opaque, &["spec.templates[*]"]),
    ("argoproj.io", "WorkflowTemplate", PodContext, &["spec.securityContext", "spec.templates[*].securityContext",
        "spec.templateDefaults.securityContext"]),
    ("argoproj.io", "WorkflowTemplate", Container, &["spec.templates[*].container", "spec.templates[*].script",
        "spec.templates[*].initContainers[*]", "spec.templates[*].sidecars[*]",
        "spec.templates[*].containerSet.containers[*]", "spec.templateDefaults.container",
        "spec.templateDefaults.script"]),
    ("argoproj.io", "WorkflowTemplate", Volume, &["spec.volumes[*]", "spec.templates[*].volumes[*]"]),
    ("argoproj.io", "ClusterWorkflowTemplate", Opaque, &["spec.templates[*]"]),
    ("argoproj.io", "CronWorkflow", Opaque, &["spec.workflowSpec"]),
    ("argoproj.io", "CronWorkflow", PodContext, &["spec.workflowSpec.securityContext",
        "spec.workflowSpec.templates[*].securityContext", "spec.workflowSpec.templateDefaults.securityContext"]),
    ("argoproj.io", "CronWorkflow", Container, &["spec.workflowSpec.templates[*].container",
        "spec.workflowSpec.templates[*].script", "spec.workflowSpec.templates[*].initContainers[*]",
        "spec.workflowSpec.templates[*].sidecars[*]", "spec.workflowSpec.templates[*].containerSet.containers[*]",
        "spec.workflowSpec.templateDefaults.container", "spec.workflowSpec.templateDefaults.script"]),
    ("argoproj.io", "CronWorkflow", Volume, &["spec.workflowSpec.volumes[*]",
        "spec.workflowSpec.templates[*].volumes[*]"]),

    // Tekton, pkg/apis/pipeline/{v1,v1beta1,pod}: steps are containers of its own type, podTemplate is a part of a
    // PodSpec, and the containers that it injects are secured only by its option set-security-context.
    ("tekton.dev", "Task", Opaque, &["spec"]),
    ("tekton.dev", "Task", Container, &["spec.steps[*]", "spec.sidecars[*]", "spec.stepTemplate"]),
    ("tekton.dev", "Task", Volume, &["spec.volumes[*]"]),
    ("tekton.dev", "ClusterTask", Opaque, &["spec"]),
    ("tekton.dev", "StepAction", Container, &["spec"]),
    ("tekton.dev", "TaskRun", Opaque, &["spec"]),
    ("tekton.dev", "TaskRun", PartialSpec, &["spec.podTemplate"]),
    ("tekton.dev", "TaskRun", Container, &["spec.taskSpec.steps[*]", "spec.taskSpec.sidecars[*]",
        "spec.taskSpec.stepTemplate"]),
    ("tekton.dev", "TaskRun", Volume, &["spec.taskSpec.volumes[*]"]),
    ("tekton.dev", "Pipeline", Opaque, &["spec.tasks[*].taskSpec", "spec.finally[*].taskSpec"]),
    ("tekton.dev", "Pipeline", Container, &["spec.tasks[*].taskSpec.steps[*]", "spec.tasks[*].taskSpec.sidecars[*]",
        "spec.finally[*].taskSpec.steps[*]", "spec.finally[*].taskSpec.sidecars[*]"]),
    ("tekton.dev", "Pipeline", Volume, &["spec.tasks[*].taskSpec.volumes[*]", "spec.finally[*].taskSpec.volumes[*]"]),
    ("tekton.dev", "PipelineRun", Opaque, &["spec"]),
    ("tekton.dev", "PipelineRun", PartialSpec, &["spec.podTemplate", "spec.taskRunTemplate.podTemplate",
        "spec.taskRunSpecs[*].podTemplate"]),
    ("tekton.dev", "PipelineRun", Container, &["spec.pipelineSpec.tasks[*].taskSpec.steps[*]",
        "spec.pipelineSpec.tasks[*].taskSpec.sidecars[*]", "spec.pipelineSpec.finally[*].taskSpec.steps[*]"]),
    ("tekton.dev", "PipelineRun", Volume, &["spec.pipelineSpec.tasks[*].taskSpec.volumes[*]",
        "spec.pipelineSpec.finally[*].taskSpec.volumes[*]"]),

    // KServe, pkg/apis/serving/{v1alpha1,v1beta1}: inline PodSpecs, which become Knative Revisions by default; `model`
    // gets its container from a runtime.
    ("serving.kserve.io", "InferenceService", ReducedSpec, &["spec.predictor", "spec.predictor.workerSpec",
        "spec.transformer", "spec.explainer"]),
    ("serving.kserve.io", "InferenceService", Container, &["spec.predictor.model"]),
    ("serving.kserve.io", "ServingRuntime", ReducedSpec, &["spec", "spec.workerSpec"]),
    ("serving.kserve.io", "ClusterServingRuntime", ReducedSpec, &["spec", "spec.workerSpec"]),
    // Knative Serving, pkg/apis/serving/fieldmask.go: eight fields of a container's context; the pod's is behind a
    // gate, and /tmp cannot be mounted (k8s_validation.go).
    ("serving.knative.dev", "Service", ReducedTemplate, &["spec.template"]),
    ("serving.knative.dev", "Configuration", ReducedTemplate, &["spec.template"]),
    ("serving.knative.dev", "Revision", ReducedSpec, &["spec"]),

    // JobSet, api/jobset/v1alpha2; LeaderWorkerSet, api/{leaderworkerset,disaggregatedset}/v1: roles had no `spec` in
    // v1alpha1.
    ("jobset.x-k8s.io", "JobSet", PodTemplate, &["spec.replicatedJobs[*].template.spec.template"]),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet", PodTemplate, &["spec.leaderWorkerTemplate.leaderTemplate",
        "spec.leaderWorkerTemplate.workerTemplate"]),
    ("disaggregatedset.x-k8s.io", "DisaggregatedSet", PodTemplate,
        &["spec.roles[*].spec.leaderWorkerTemplate.leaderTemplate",
            "spec.roles[*].spec.leaderWorkerTemplate.workerTemplate",
            "spec.roles[*].leaderWorkerTemplate.leaderTemplate", "spec.roles[*].leaderWorkerTemplate.workerTemplate"]),
    // Kubeflow Trainer, pkg/apis/trainer/v1alpha1: a TrainJob patches its runtime by name.
    ("trainer.kubeflow.org", "TrainingRuntime", PodTemplate,
        &["spec.template.spec.replicatedJobs[*].template.spec.template"]),
    ("trainer.kubeflow.org", "ClusterTrainingRuntime", PodTemplate,
        &["spec.template.spec.replicatedJobs[*].template.spec.template"]),
    ("trainer.kubeflow.org", "TrainJob", PartialSpec,
        &["spec.runtimePatches[*].trainingRuntimeSpec.template.spec.replicatedJobs[*].template.spec.template.spec"]),
    // Kubeflow Training Operator, pkg/apis/kubeflow.org/v1; MPI Operator, pkg/apis/kubeflow/v2beta1.
    ("kubeflow.org", "PyTorchJob", PodTemplate, &["spec.pytorchReplicaSpecs{*}.template"]),
    ("kubeflow.org", "TFJob", PodTemplate, &["spec.tfReplicaSpecs{*}.template"]),
    ("kubeflow.org", "XGBoostJob", PodTemplate, &["spec.xgbReplicaSpecs{*}.template"]),
    ("kubeflow.org", "MPIJob", PodTemplate, &["spec.mpiReplicaSpecs{*}.template"]),
    // Spark Operator, api/v1beta2/sparkapplication_types.go: driver and executor have names of their own for the fields
    // of pods.
    ("sparkoperator.k8s.io", "SparkApplication", Container, &["spec.driver", "spec.executor",
        "spec.driver.initContainers[*]", "spec.driver.sidecars[*]", "spec.executor.initContainers[*]",
        "spec.executor.sidecars[*]"]),
    ("sparkoperator.k8s.io", "SparkApplication", PodContext, &["spec.driver.podSecurityContext",
        "spec.executor.podSecurityContext"]),
    ("sparkoperator.k8s.io", "SparkApplication", PartialSpec, &["spec.driver.template.spec",
        "spec.executor.template.spec"]),
    ("sparkoperator.k8s.io", "SparkApplication", Volume, &["spec.volumes[*]"]),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication", Container, &["spec.template.driver", "spec.template.executor",
        "spec.template.driver.initContainers[*]", "spec.template.driver.sidecars[*]",
        "spec.template.executor.initContainers[*]", "spec.template.executor.sidecars[*]"]),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication", PodContext, &["spec.template.driver.podSecurityContext",
        "spec.template.executor.podSecurityContext"]),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication", PartialSpec, &["spec.template.driver.template.spec",
        "spec.template.executor.template.spec"]),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication", Volume, &["spec.template.volumes[*]"]),
    // KubeRay, ray-operator/apis/ray/v1.
    ("ray.io", "RayCluster", PodTemplate, &["spec.headGroupSpec.template", "spec.workerGroupSpecs[*].template"]),
    ("ray.io", "RayJob", PodTemplate, &["spec.rayClusterSpec.headGroupSpec.template",
        "spec.rayClusterSpec.workerGroupSpecs[*].template", "spec.submitterPodTemplate"]),
    ("ray.io", "RayService", PodTemplate, &["spec.rayClusterConfig.headGroupSpec.template",
        "spec.rayClusterConfig.workerGroupSpecs[*].template"]),
    ("ray.io", "RayCronJob", PodTemplate, &["spec.jobTemplate.rayClusterSpec.headGroupSpec.template",
        "spec.jobTemplate.rayClusterSpec.workerGroupSpecs[*].template", "spec.jobTemplate.submitterPodTemplate"]),

    // OpenKruise, apis/apps/{v1alpha1,v1beta1}: a SidecarSet's containers go into other pods.
    ("apps.kruise.io", "CloneSet", PodTemplate, &["spec.template"]),
    ("apps.kruise.io", "StatefulSet", PodTemplate, &["spec.template"]),
    ("apps.kruise.io", "DaemonSet", PodTemplate, &["spec.template"]),
    ("apps.kruise.io", "BroadcastJob", PodTemplate, &["spec.template"]),
    ("apps.kruise.io", "AdvancedCronJob", PodTemplate, &["spec.template.jobTemplate.spec.template",
        "spec.template.broadcastJobTemplate.spec.template"]),
    ("apps.kruise.io", "UnitedDeployment", PodTemplate, &["spec.template.statefulSetTemplate.spec.template",
        "spec.template.advancedStatefulSetTemplate.spec.template", "spec.template.cloneSetTemplate.spec.template",
        "spec.template.deploymentTemplate.spec.template"]),
    ("apps.kruise.io", "SidecarSet", PartialSpec, &["spec"]),
    // Volcano, pkg/apis/batch/v1alpha1; KEDA, apis/keda/v1alpha1; Kueue, apis/kueue/v1beta1; Temporal Worker
    // Controller, api/v1alpha1.
    ("batch.volcano.sh", "Job", PodTemplate, &["spec.tasks[*].template"]),
    ("keda.sh", "ScaledJob", PodTemplate, &["spec.jobTargetRef.template"]),
    ("kueue.x-k8s.io", "Workload", PodTemplate, &["spec.podSets[*].template"]),
    ("temporal.io", "WorkerDeployment", PodTemplate, &["spec.template"]),
    ("temporal.io", "TemporalWorkerDeployment", PodTemplate, &["spec.template"]),
    // GitHub ARC, apis/actions.github.com/v1alpha1: listenerTemplate patches by name; apis/actions.summerwind.net: the
    // runner's own container is added by the controller, and a privileged one for Docker beside it.
    ("actions.github.com", "AutoscalingRunnerSet", PodTemplate, &["spec.template"]),
    ("actions.github.com", "AutoscalingRunnerSet", PartialSpec, &["spec.listenerTemplate.spec"]),
    ("actions.github.com", "EphemeralRunnerSet", PodTemplate, &["spec.ephemeralRunnerSpec"]),
    ("actions.summerwind.dev", "Runner", PartialSpec, &["spec"]),
    ("actions.summerwind.dev", "RunnerDeployment", PartialSpec, &["spec.template.spec"]),
    ("actions.summerwind.dev", "RunnerSet", PartialSpec, &["spec.template.spec"]),

    // Strimzi, api/.../model/common/template: contexts for pods and containers that the operator makes.
    ("kafka.strimzi.io", "Kafka", Opaque, &["spec"]),
    ("kafka.strimzi.io", "Kafka", PodContext, &["spec.kafka.template.pod.securityContext",
        "spec.zookeeper.template.pod.securityContext", "spec.entityOperator.template.pod.securityContext",
        "spec.cruiseControl.template.pod.securityContext", "spec.kafkaExporter.template.pod.securityContext"]),
    ("kafka.strimzi.io", "Kafka", Container, &["spec.kafka.template.kafkaContainer",
        "spec.kafka.template.initContainer", "spec.zookeeper.template.zookeeperContainer",
        "spec.entityOperator.template.topicOperatorContainer", "spec.entityOperator.template.userOperatorContainer",
        "spec.cruiseControl.template.cruiseControlContainer", "spec.kafkaExporter.template.container"]),
    ("kafka.strimzi.io", "KafkaNodePool", Opaque, &["spec"]),
    ("kafka.strimzi.io", "KafkaNodePool", PodContext, &["spec.template.pod.securityContext"]),
    ("kafka.strimzi.io", "KafkaNodePool", Container, &["spec.template.kafkaContainer", "spec.template.initContainer"]),
    ("kafka.strimzi.io", "KafkaConnect", Opaque, &["spec"]),
    ("kafka.strimzi.io", "KafkaConnect", PodContext, &["spec.template.pod.securityContext",
        "spec.template.buildPod.securityContext"]),
    ("kafka.strimzi.io", "KafkaConnect", Container, &["spec.template.connectContainer", "spec.template.initContainer",
        "spec.template.buildContainer"]),
    ("kafka.strimzi.io", "KafkaMirrorMaker2", Opaque, &["spec"]),
    ("kafka.strimzi.io", "KafkaMirrorMaker2", PodContext, &["spec.template.pod.securityContext"]),
    ("kafka.strimzi.io", "KafkaMirrorMaker2", Container, &["spec.template.connectContainer",
        "spec.template.initContainer"]),
    ("kafka.strimzi.io", "KafkaBridge", Opaque, &["spec"]),
    ("kafka.strimzi.io", "KafkaBridge", PodContext, &["spec.template.pod.securityContext"]),
    ("kafka.strimzi.io", "KafkaBridge", Container, &["spec.template.bridgeContainer", "spec.template.initContainer"]),
    // cert-manager, pkg/apis/acme/v1/types_issuer.go: the pods that answer HTTP01 challenges.
    ("cert-manager.io", "Issuer", Opaque, &["spec.acme.solvers[*].http01"]),
    ("cert-manager.io", "Issuer", PodContext, &["spec.acme.solvers[*].http01.ingress.podTemplate.spec.securityContext",
        "spec.acme.solvers[*].http01.gatewayHTTPRoute.podTemplate.spec.securityContext"]),
    ("cert-manager.io", "ClusterIssuer", Opaque, &["spec.acme.solvers[*].http01"]),
    // Prometheus Operator, pkg/apis/monitoring: `containers` are patches by name of what the operator makes.
    ("monitoring.coreos.com", "Prometheus", PartialSpec, &["spec"]),
    ("monitoring.coreos.com", "PrometheusAgent", PartialSpec, &["spec"]),
    ("monitoring.coreos.com", "Alertmanager", PartialSpec, &["spec"]),
    ("monitoring.coreos.com", "ThanosRuler", PartialSpec, &["spec"]),
    // Operators whose templates are merged into what they make: containers may be absent, or patches by name.
    ("flink.apache.org", "FlinkDeployment", Opaque, &["spec"]),
    ("flink.apache.org", "FlinkDeployment", PartialSpec, &["spec.podTemplate.spec", "spec.jobManager.podTemplate.spec",
        "spec.taskManager.podTemplate.spec"]),
    ("grafana.integreatly.org", "Grafana", Opaque, &["spec"]),
    ("grafana.integreatly.org", "Grafana", PartialSpec, &["spec.deployment.spec.template.spec"]),
    ("postgresql.cnpg.io", "Pooler", Opaque, &["spec"]),
    ("postgresql.cnpg.io", "Pooler", PartialSpec, &["spec.template.spec"]),
    ("pkg.crossplane.io", "DeploymentRuntimeConfig", PartialSpec, &["spec.deploymentTemplate.spec.template.spec"]),
    ("hivemq.com", "HiveMQPlatform", Opaque, &["spec"]),
    ("hivemq.com", "HiveMQPlatform", PartialSpec, &["spec.statefulSet.spec.template.spec"]),
    ("k8s.keycloak.org", "Keycloak", Opaque, &["spec"]),
    ("k8s.keycloak.org", "Keycloak", PartialSpec, &["spec.unsupported.podTemplate.spec"]),
    ("rabbitmq.com", "RabbitmqCluster", Opaque, &["spec"]),
    ("rabbitmq.com", "RabbitmqCluster", PartialSpec, &["spec.override.statefulSet.spec.template.spec"]),
    ("k8up.io", "PodConfig", PartialSpec, &["spec.template.spec"]),
    ("cluster.redpanda.com", "Redpanda", Opaque, &["spec"]),
    ("cluster.redpanda.com", "Redpanda", PartialSpec, &["spec.clusterSpec.statefulset.podTemplate.spec"]),
    // OLM, pkg/operators/v1alpha1: DeploymentSpecs of Kubernetes. K8up, api/v1/pre_backup_pod_types.go: a
    // PodTemplateSpec.
    ("operators.coreos.com", "ClusterServiceVersion", PodTemplate, &["spec.install.spec.deployments[*].spec.template"]),
    ("k8up.io", "PreBackupPod", PodTemplate, &["spec.pod"]),
];
